#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

# One request in ten is hostile.  BSOCK_TEST_FULL=1: 100,000 of each.
COUNT=20000
[ -z "${BSOCK_TEST_FULL:-}" ] || COUNT=100000

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_DGRAM udp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1"
daemon_start || exit 1
svc_start "$BUILD/bsock-socket-binder" -f "$T/svc/sb" 2>"$T/binder.log"
BINDER=$!
svc_start "$BUILD/bsock-portlisten" -b 127.0.0.1 81 "$T/svc/r" \
    2>"$T/portlisten.log"
RELAY=$!
eventually test -S "$T/svc/sb"

cat >"$T/soak.py" <<'END'
from adapters import *
import random

SB, COUNT = os.environ["SB"], int(os.environ["COUNT"])
BINDER, RELAY = os.environ["BINDER"], os.environ["RELAY"]
THREADS = 4
seed = int(os.environ.get("SEED", time.time()))
print("# SEED=%d" % seed)


def memory(pid):
    with open("/proc/%s/status" % pid) as f:
        return int(next(x for x in f if x.startswith("VmRSS")).split()[1])


def in_threads(what):
    wrong = []

    def run(rng):
        for n in range(COUNT // THREADS):
            try:
                what(rng, wrong)
            except Exception as e:
                wrong.append(repr(e))
                return

    threads = [
        threading.Thread(target=run, args=(random.Random(seed + n),))
        for n in range(THREADS)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return wrong[:5]


# --- socket_binder ----------------------------------------------------------
KINDS = [
    (tcp, 4, 80, "127.0.0.1", 0),
    (udp, 4, 80, "127.0.0.1", 0),
    (tcp, 6, 80, "::1", 0),
    (tcp, 4, 0, "127.0.0.1", 0),
    (tcp, 4, 82, "127.0.0.1", 13),
    (tcp, 4, 80, "localhost", 22),
]


def binder_hostile(rng):
    with contextlib.closing(dial(SB)) as c, contextlib.suppress(OSError):
        data = bytearray(binder_request(4, rng.choice((0, 80)), "127.0.0.1"))
        for n in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        data = bytes(data[: rng.randrange(len(data) + 1)])
        data += bytes(rng.randrange(600) if rng.random() < 0.2 else 0)
        fds = [rng.choice((0, 1, c.fileno()))] * rng.choice((0, 1, 2, 50))
        if data:
            send_fds(c, data, fds)
        if rng.random() < 0.5:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif rng.random() < 0.5:
            c.shutdown(socket.SHUT_WR)
            until_eof(c)


def binder_turn(rng, wrong):
    if rng.random() < 0.1:
        binder_hostile(rng)
        return
    make, family, port, text, want = rng.choice(KINDS)
    with make(family) as s:
        got = binder_bind(SB, s, family, port, text)
        # UDP: another thread may have it.
        if got != want and not (make is udp and got == errno.EADDRINUSE):
            wrong.append((make, family, port, text, got))


# --- portlisten -------------------------------------------------------------
def relay_turn(rng, wrong):
    hostile = rng.random() < 0.1
    with socket.create_connection(("127.0.0.1", 81), timeout=60) as c:
        if hostile:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif c.recv(1) != b"!":
            wrong.append("no greeting")


def serve_relay(r, counts):
    while True:
        try:
            data, fds = recv_fds(r, 10)
        except OSError:
            return
        if not fds:
            return
        counts.append(len(fds))
        with contextlib.suppress(OSError):
            os.write(fds[0], b"!")
        for fd in fds:
            os.close(fd)


# --- socket creator ---------------------------------------------------------
def creator_turns():
    """In one process, but for the requests that end it."""
    rng, wrong, ends, c = random.Random(seed), [], 0, None
    for n in range(COUNT):
        if c is None:
            c = Creator()
        hostile = rng.random() < 0.1
        if hostile and rng.random() < 0.05:
            ends += 1
            how = rng.choice((b"?", b"SX4", b"ST", b""))
            got = c.end(how)
            if got not in (1, 2, 3):
                wrong.append((how, got))
            c = None
            continue
        attach = [0] * rng.randrange(1, 50) if hostile else []
        letter, family, port, text, want = rng.choice(
            (
                ("T", 4, 80, "127.0.0.1", None),
                ("U", 4, 80, "127.0.0.1", None),
                ("T", 6, 80, "::1", None),
                ("T", 4, 0, "127.0.0.1", None),
                ("T", 4, 82, "127.0.0.1", 13),
                ("T", 4, 0, "192.0.2.1", 99),
            )
        )
        reply = c.ask(creator_request(letter, family, port, text), attach)
        if reply[0] == b"S":
            reply[1].close()
        if (reply[2] if reply[0] == b"E" else None) != want:
            wrong.append((letter, family, port, reply))
        # Standard input, output and error, and no more.
        if n % 1000 == 999 and not eventually(lambda: open_fds(c.process.pid) == 3):
            wrong.append("descriptors")
    return wrong[:5], ends


# A first turn of each, so that what is needed once is there.
fds = open_fds(BINDER)
for n in range(50):
    binder_turn(random.Random(n), [])
rss = memory(BINDER)
is_(in_threads(binder_turn), [], "socket_binder: %d requests" % COUNT)
ok(eventually(lambda: open_fds(BINDER) == fds), "... no descriptor more (%d)" % fds)
grown = memory(BINDER) - rss
ok(grown < int(os.environ["GROWTH"]), "... %d kB of memory more" % grown)
with tcp() as s:
    is_(binder_bind(SB, s, 4, 80, "127.0.0.1"), 0, "... and it serves")

r, counts = receiver(T + "/svc/r"), []
r.settimeout(None)
server = threading.Thread(target=serve_relay, args=(r, counts))
server.start()
fds = open_fds(RELAY)
for n in range(50):
    relay_turn(random.Random(n), [])
rss = memory(RELAY)
is_(in_threads(relay_turn), [], "portlisten: %d connections" % COUNT)
ok(eventually(lambda: open_fds(RELAY) == fds), "... no descriptor more (%d)" % fds)
grown = memory(RELAY) - rss
ok(grown < int(os.environ["GROWTH"]), "... %d kB of memory more" % grown)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.sendto(b"x", T + "/svc/r")
server.join()
is_(set(counts), {1}, "... one descriptor in each datagram")

wrong, ends = creator_turns()
is_(wrong, [], "socket creator: %d requests, %d of which ended it" % (COUNT, ends))
END
# A sanitizer keeps what was freed for a while.
GROWTH=1000
! nm "$BUILD/bsock-socket-binder" 2>/dev/null | grep -Eq '__(asan|tsan)_' ||
	GROWTH=200000
checks COUNT=$COUNT SB="$T/svc/sb" BINDER=$BINDER RELAY=$RELAY \
    GROWTH=$GROWTH ${SEED:+SEED=$SEED} <"$T/soak.py"

is "nothing but refusals in the log of socket_binder" \
    "$(grep -Ev '^<[0-9]>(serving|bound|refused|dropped|suppressed|log:) ' \
    "$T/binder.log")" ""
is "nothing in the log of portlisten" "$(cat "$T/portlisten.log")" ""

finish
