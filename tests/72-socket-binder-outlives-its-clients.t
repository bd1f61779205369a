#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

# What the original died of, or stood still for, one by one.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 90 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 90 127.0.0.1"
daemon_start || exit 1
binder=$BUILD/bsock-socket-binder
svc_start "$binder" -f "$T/svc/sb" 2>"$T/binder.log"
BINDER=$!
# With next to no descriptors.
svc_start prlimit --nofile=70:70 "$binder" -f "$T/svc/poor" \
    2>"$T/poor.log"
POOR=$!
eventually test -S "$T/svc/sb"
eventually test -S "$T/svc/poor"

checks SB="$T/svc/sb" PID=$BINDER POOR="$T/svc/poor" POOR_PID=$POOR <<'END'
from adapters import *
import resource
import signal

# The clients of this test are many, too.
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
SB, PID = os.environ["SB"], int(os.environ["PID"])
POOR, POOR_PID = os.environ["POOR"], int(os.environ["POOR_PID"])
start_fds, poor_fds = open_fds(PID), open_fds(POOR_PID)
good = binder_request(4, 0, "127.0.0.1")


def serves(path=SB, port=80):
    with tcp() as s:
        return binder_bind(path, s, 4, port, "127.0.0.1") == 0


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads(pid):
    return len(os.listdir("/proc/%d/task" % pid))


start_threads = threads(PID)
ok(serves(), "it serves")

# --- 900 idle clients, 1,000 connections ------------------------------------
idle = [dial(SB) for n in range(900)]
start = time.monotonic()
ok(serves(), "it serves beside 900 idle clients")
quick = time.monotonic() - start
ok(quick < 10, "... at once (%.3f s)" % quick)
is_([until_eof(c) for c in idle], [b""] * 900, "the idle ones are ended without a byte")
for c in idle:
    c.close()

# Stopped meanwhile: a client has two seconds, and a slow machine may need more.
socks = [tcp() for n in range(1000)]
freeze(PID)
conns = [dial(SB) for n in range(1000)]
for c, s in zip(conns, socks):
    send_fds(c, good, [s.fileno()])
os.kill(PID, signal.SIGCONT)
is_([until_eof(c) for c in conns], [b"\0\0\0\0"] * 1000, "1,000 connections at once, all answered")
is_(len({s.getsockname()[1] for s in socks}), 1000, "... each with a port of its own")
for s in conns + socks:
    s.close()


# --- peers that vanish ------------------------------------------------------
for n in range(300):
    with contextlib.closing(dial(SB)) as c, tcp() as s:
        send_fds(c, good, [s.fileno()])
    with contextlib.closing(dial(SB)) as c:
        c.send(good[:4])
    dial(SB).close()
ok(serves(), "it serves after 900 clients that hung up: no SIGPIPE")
freeze(PID)
with tcp() as s:
    with contextlib.closing(dial(SB)) as c:
        send_fds(c, binder_request(4, 80, "127.0.0.1"), [s.fileno()])
    os.kill(PID, signal.SIGCONT)
    ok(serves(port=0) and eventually(lambda: open_fds(PID) == start_fds), "it serves after one that hung up before it was asked")
    is_(s.getsockname()[1], 0, "... whose socket is not bound behind its back")
for n in range(300):
    with tcp() as s:
        binder_ask(SB, binder_request(4, 80, b"x" * 200, n=200), [s.fileno()])
        binder_ask(SB, binder_request(9, 80, "127.0.0.1"), [s.fileno()])
ok(serves(), "it serves after 600 malformed requests with sockets")
ok(eventually(lambda: open_fds(PID) == start_fds), "no descriptor is left of them")


# --- sockets that linger ----------------------------------------------------
def lingering(seconds=60, buffer=1 << 20):
    """A socket whose last close takes that long: unread data, SO_LINGER."""
    with socket.socket() as server:
        if buffer < 65536:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        server.bind(("127.0.0.1", 0))
        server.listen()
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        s.connect(server.getsockname())
        peer = server.accept()[0]
    s.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            s.send(b"x" * 65536)
    return s, peer


peers = []
for request, many, name in (
    (good, 1, "with a request"),
    (binder_request(4, 80, "127.0.0.1"), 1, "with one for bsock"),
    (b"\0", 1, "with what is no request"),
    (good[:5], 1, "with half a request"),
    (good, 10, "ten with each request"),
):
    # Stopped, so that the server has the last copies: the delay is its own.
    freeze(PID)
    conns = []
    for n in range(20):
        pairs = [lingering() for i in range(many)]
        conns.append(dial(SB))
        send_fds(conns[-1], request, [s.fileno() for s, peer in pairs])
        for s, peer in pairs:
            s.close()
            peers.append(peer)
    os.kill(PID, signal.SIGCONT)
    start = time.monotonic()
    passed = serves()
    took = time.monotonic() - start
    ok(passed and took < 20, "sockets that linger, %s: it serves (%.2f s)" % (name, took))
    for c in conns:
        c.close()
ok(eventually(lambda: open_fds(PID) == start_fds), "all of them are closed")
for peer in peers:
    peer.close()
peers = []


def in_pieces(c, data):
    """Each byte with a lingering socket of its own: each is a wait."""
    for n in range(len(data)):
        s, peer = lingering(buffer=2048)
        peers.append(peer)
        send_fds(c, data[n : n + 1], [s.fileno()])
        s.close()


long = binder_request(4, 0, b"127.0.0.1" + bytes(118))
for before, after, name in (
    (b"", long[:100], "one with each byte of a request"),
    (good, b"#" * 100, "one with each byte after a request"),
):
    freeze(PID)
    conns = [dial(SB) for n in range(16)]
    for c in conns:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        if before:
            c.send(before)
        in_pieces(c, after)
    os.kill(PID, signal.SIGCONT)
    start = time.monotonic()
    passed = serves(port=0)
    took = time.monotonic() - start
    ok(passed and took < 2.5, "sockets that linger, %s, for each thread: it serves (%.2f s)" % (name, took))
    for c in conns:
        c.close()
    ok(eventually(lambda: open_fds(PID) == start_fds), "... all of them are closed")
for peer in peers:
    peer.close()
peers = []

# --- no descriptors ---------------------------------------------------------
ok(serves(POOR), "one with 70 descriptors serves")
conns = [dial(POOR) for n in range(300)]
before = cpu(POOR_PID)
start = time.monotonic()
with tcp() as s, contextlib.closing(dial(POOR)) as c:
    send_fds(c, good, [s.fileno()])
    time.sleep(1)
    used = cpu(POOR_PID) - before
    ok(used < 0.5, "300 idle clients and no descriptors: it does not spin (%.2f s of CPU)" % used)
    for idle in conns:
        idle.close()
    is_(until_eof(c), b"\0\0\0\0", "... and serves who comes after them")
conns, socks = [], [tcp() for n in range(50)]
for n in range(50):
    c = dial(POOR)
    send_fds(c, good, [socks[n].fileno()])
    conns.append(c)
answers = {until_eof(c) for c in conns}
ok(answers <= {b"\0\0\0\0", struct.pack("=i", errno.EMFILE)}, "50 at once: bound, or EMFILE %r" % answers)
ok(serves(POOR), "it serves afterwards")
ok(eventually(lambda: open_fds(POOR_PID) == poor_fds), "no descriptor is left")
for s in conns + socks:
    s.close()

# --- a reserved address -----------------------------------------------------
with tcp() as s:
    is_(binder_bind(SB, s, 4, 90, "127.0.0.1"), errno.EADDRINUSE, "a reserved address: 98")
    is_(s.getsockname(), ("0.0.0.0", 0), "... the client's socket is not bound")
    is_(binder_bind(SB, s, 4, 80, "127.0.0.1"), 0, "... and usable")

# --- many at once, with one answer each -------------------------------------
results = []


def client(n):
    for i in range(50):
        with tcp(reuse=False) as s:
            results.append(binder_bind(SB, s, 4, 0, "127.0.0.1"))


clients = [threading.Thread(target=client, args=(n,)) for n in range(20)]
for t in clients:
    t.start()
for t in clients:
    t.join()
is_(results, [0] * 1000, "20 clients at once, 50 requests each")
is_(threads(PID), start_threads, "no thread more than at the start")
ok(eventually(lambda: open_fds(PID) == start_fds), "no descriptor more than at the start")

# --- its end ----------------------------------------------------------------
def has_ended(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    return True


freeze(POOR_PID)
conns = []
for n in range(20):
    s, peer = lingering()
    peers.append(peer)
    conns.append(dial(POOR))
    send_fds(conns[-1], good, [s.fileno()])
    s.close()
os.kill(POOR_PID, signal.SIGTERM)
os.kill(POOR_PID, signal.SIGCONT)
ok(eventually(lambda: has_ended(POOR_PID)), "SIGTERM ends it with 20 sockets that linger in its queue")
END

ok "the log says why a reserved address is not passed on" \
    grep -q 'errno=98: a reserved address' "$T/binder.log"
like "and counts what it leaves out" "$(cat "$T/binder.log")" \
    'suppressed uid=[0-9]+ count=[0-9]+'

# A daemon that does not answer is no reason not to serve others.
freeze "$DAEMON"
checks SB="$T/svc/sb" PID="$BINDER" <<'END'
from adapters import *

SB, PID = os.environ["SB"], os.environ["PID"]
socks = [tcp() for n in range(8)]
conns = [dial(SB) for n in range(8)]
for c, s in zip(conns, socks):
    send_fds(c, binder_request(4, 80, "127.0.0.1"), [s.fileno()])
start = time.monotonic()
with tcp() as s:
    is_(binder_bind(SB, s, 4, 0, "127.0.0.1"), 0, "bsock is stopped: port 0 is served beside 8 that wait")
ok(time.monotonic() - start < 4, "... at once")
is_(
    {until_eof(c) for c in conns},
    {struct.pack("=i", errno.ETIMEDOUT)},
    "... and these get ETIMEDOUT",
)
is_([s.getsockname()[1] for s in socks], [0] * 8, "... and are not bound")
END
kill -CONT "$DAEMON"
ok "bsock goes on, and so does it" eventually svc \
    "$BUILD/examples/socket_binder_client" "$T/svc/sb" tcp 4 80 127.0.0.1
daemon_stop
is "without bsock: what it said" "$(svc \
    "$BUILD/examples/socket_binder_client" "$T/svc/sb" tcp 4 80 127.0.0.1 2>&1)" \
    "No such file or directory"
ok "without bsock: port 0 is served all the same" svc \
    "$BUILD/examples/socket_binder_client" "$T/svc/sb" tcp 4 0 127.0.0.1
daemon_start || exit 1
ok "bsock is back, and so is it" svc \
    "$BUILD/examples/socket_binder_client" "$T/svc/sb" tcp 4 80 127.0.0.1

finish
