#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 82 0.0.0.0" \
    "$SVC AF_INET SOCK_STREAM tcp 85 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 8085 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 83 192.0.2.1" \
    "$SVC AF_INET SOCK_DGRAM udp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::1" \
    "$SVC AF_INET6 SOCK_DGRAM udp 80 ::1"
daemon_start || exit 1
svc_start "$BUILD/bsock-socket-binder" -f "$T/svc/sb" 2>"$T/binder.log"
BINDER=$!
eventually test -S "$T/svc/sb"

checks SB="$T/svc/sb" PID=$BINDER <<'END'
from adapters import *

SB, PID = os.environ["SB"], os.environ["PID"]
start_fds = open_fds(PID)
OK = struct.pack("=i", 0)


def answer(error):
    return struct.pack("=i", error)


def ask(request, *socks, **kw):
    fds = [s if isinstance(s, int) else s.fileno() for s in socks]
    return binder_ask(SB, request, fds, **kw)


# --- bound ------------------------------------------------------------------
for name, make, family, text in (
    ("TCP, IPv4", tcp, 4, "127.0.0.1"),
    ("UDP, IPv4", udp, 4, "127.0.0.1"),
    ("TCP, IPv6", tcp, 6, "::1"),
    ("UDP, IPv6", udp, 6, "::1"),
):
    with make(family) as s:
        is_(ask(binder_request(family, 80, text), s), OK, name + ": 0, then the end")
        is_(s.getsockname()[:2], (text, 80), name + ": it is bound")
        if make is tcp:
            s.listen()
            with socket.create_connection((text, 80)):
                s.accept()[0].close()
    with make(family) as s:
        is_(ask(binder_request(family, 0, text), s), OK, name + ", port 0: 0")
        ok(s.getsockname()[1] > 1023, name + ", port 0: an ephemeral port")

with tcp() as s:
    is_(ask(binder_request(4, 8085, "127.0.0.1"), s), OK, "a high port, by its rule")
with tcp() as s:
    is_(ask(binder_request(4, 8086, "127.0.0.1"), s), answer(13), "a high port without a rule: 13")
with tcp() as s:
    is_(ask(binder_request(4, 82, "0.0.0.0"), s), OK, "the wildcard")
for n in range(50):
    with tcp(reuse=False) as s:
        got = ask(binder_request(4, 85, "127.0.0.1"), s)
        if got != OK:
            break
is_(got, OK, "bound, closed and bound again 50 times: no copy is left at the answer")

a, b = tcp(), tcp()
for s in (a, b):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
is_([ask(binder_request(4, 80, "127.0.0.1"), s) for s in (a, b)], [OK, OK], "a pair with SO_REUSEPORT")
a.close(), b.close()

# --- not bound, and the client's socket stays usable ------------------------
def refused(name, sock, request, error):
    is_(ask(request, sock), answer(error), "%s: %d" % (name, error))


with tcp() as other, tcp() as s:
    other.bind(("127.0.0.1", 0))
    ask(binder_request(4, 80, "127.0.0.1"), other2 := tcp())
    other2.listen()
    refused("the address is in use", s, binder_request(4, 80, "127.0.0.1"), 98)
    other2.close()
    is_(ask(binder_request(4, 80, "127.0.0.1"), s), OK, "... and the socket is bound when it is free")
with tcp() as s:
    refused("the address is nobody's here", s, binder_request(4, 83, "192.0.2.1"), 99)
    refused("no rule", s, binder_request(4, 81, "127.0.0.1"), 13)
    refused("no rule for this address", s, binder_request(4, 80, "127.0.0.2"), 13)
    refused("family 6, IPv4 socket", s, binder_request(6, 80, "::1"), 97)
    refused("family 6, IPv4 socket, port 0", s, binder_request(6, 0, "::1"), 97)
    for text in ("localhost", "127.0.0.1 ", " 127.0.0.1", "127.1", "::1", "1", "*", "127.0.0.1/8", "x" * 127):
        refused("not an address: %.12r" % text, s, binder_request(4, 80, text), 22)
        refused("not an address, port 0: %.12r" % text, s, binder_request(4, 0, text), 22)
    refused("an empty text behind its length", s, binder_request(4, 80, b"\0"), 22)
    is_(s.getsockname(), ("0.0.0.0", 0), "after all that the socket is not bound")
    is_(ask(binder_request(4, 80, b"127.0.0.1\0rubbish"), s), OK, "the text ends at the first NUL")
    refused("a bound socket", s, binder_request(4, 85, "127.0.0.1"), 22)
    refused("a bound socket, port 0", s, binder_request(4, 0, "127.0.0.1"), 22)
    s.listen()
    refused("a listening socket", s, binder_request(4, 85, "127.0.0.1"), 22)
    with socket.create_connection(("127.0.0.1", 80)) as c:
        refused("a connected socket", c, binder_request(4, 85, "127.0.0.1"), 22)
with udp() as s:
    s.connect(("127.0.0.1", 9))
    refused("a connected UDP socket", s, binder_request(4, 80, "127.0.0.1"), 22)
with tcp(6) as s:
    refused("family 4, IPv6 socket", s, binder_request(4, 80, "127.0.0.1"), 22)
    refused("a mapped address on a V6ONLY socket", s, binder_request(6, 80, "::ffff:127.0.0.1"), 22)
    refused("a scope in the text", s, binder_request(6, 80, "fe80::1%lo"), 22)
    refused("IPv4 text, family 6", s, binder_request(6, 80, "127.0.0.1"), 22)
with socket.socket(AF[6]) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    is_(ask(binder_request(6, 80, "::ffff:127.0.0.1"), s), OK, "a mapped address on a dual socket: the IPv4 rule")
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    with socket.socket(socket.AF_UNIX, kind) as s:
        refused("a unix socket", s, binder_request(4, 80, "127.0.0.1"), 22)
with tcp() as s:
    is_(ask(binder_request(4, 80, "127.0.0.1")), answer(9), "no descriptor: 9")
    path_fd = os.open("/", os.O_PATH)
    is_(ask(binder_request(4, 80, "127.0.0.1"), path_fd), answer(9), "an O_PATH descriptor: 9")
    null_fd = os.open("/dev/null", os.O_RDWR)
    is_(ask(binder_request(4, 80, "127.0.0.1"), null_fd), answer(88), "no socket: 88")
    os.close(path_fd), os.close(null_fd)

# --- no answer --------------------------------------------------------------
def dropped(name, request, *socks, **kw):
    is_(ask(request, *socks, **kw), b"", name + ": the end of the stream, no bytes")


with tcp() as s:
    good = binder_request(4, 80, "127.0.0.1")
    for command in (0, 2, 127, 128, 255):
        dropped("command %d" % command, binder_request(4, 80, "127.0.0.1", command=command), s)
    for family in (0, 1, 2, 5, 10, 255):
        dropped("family %d" % family, binder_request(family, 80, "127.0.0.1"), s)
    dropped("length 0", binder_request(4, 80, "", n=0), s)
    dropped("length 0 and text", binder_request(4, 80, "127.0.0.1", n=0), s)
    dropped("length 128", binder_request(4, 80, "127.0.0.1" + "\0" * 119), s)
    dropped("length 255", binder_request(4, 80, "127.0.0.1" + "\0" * 246), s)
    dropped("half closed before the text is whole", binder_request(4, 80, "127.0.0.1", n=10), s, half_close=True)
    for n in range(1, len(good)):
        if ask(good[:n], s, half_close=True) != b"":
            break
    is_(n, len(good) - 1, "half closed after any byte before the last: no bytes")
    dropped("nothing at all", b"", half_close=True)
    dropped("the first byte is wrong, the rest never comes", b"\0", s)
    dropped("the second byte is wrong", b"\1\0", s)
    start = time.monotonic()
    dropped("a text that never comes", good[:-1], s)
    ok(1.9 < time.monotonic() - start < 30, "... after two seconds")
    is_(s.getsockname(), ("0.0.0.0", 0), "none of these bound the socket")

# --- pieces, surplus, several descriptors -----------------------------------
with tcp() as s:
    pieces = [good[i : i + 1] for i in range(len(good))]
    is_(ask(pieces, s), OK, "a request in single bytes")
with tcp() as s:
    with contextlib.closing(dial(SB)) as c:
        c.send(good[:3])
        time.sleep(0.2)
        send_fds(c, good[3:], [s.fileno()])
        is_(until_eof(c), OK, "a request in two pieces with a pause, the socket with the second")
with tcp() as s:
    is_(ask(good + b"#" * (512 - len(good)), s), OK, "512 bytes: what follows the request is ignored")
with tcp() as s:
    is_(ask(good + good + b"#" * 4000, s), OK, "and 4,000 more too")
with tcp() as s:
    is_(ask(good, s), OK, "a client that goes on talking still gets its end of stream")
with tcp() as s:
    is_(ask(good, s, half_close=True), OK, "a half-closed client gets its answer")
with tcp() as s:
    text = b"127.0.0.1" + b"\0" * 118
    is_(ask(binder_request(4, 80, text), s), OK, "a text of 127 bytes")
with tcp() as s, udp() as t:
    is_(ask(good, s, t), OK, "two sockets: the first is bound")
    is_(s.getsockname()[1], 80, "... it is")
    is_(t.getsockname()[1], 0, "... the second is not")
with tcp() as s, udp() as t:
    with contextlib.closing(dial(SB)) as c:
        send_fds(c, good[:4], [s.fileno()])
        time.sleep(0.1)
        send_fds(c, good[4:], [t.fileno()] * 20)
        is_(until_eof(c), OK, "one socket, then twenty with the second piece: the first is bound")
    is_(s.getsockname()[1], 80, "... it is")
with tcp() as s:
    is_(ask(good, *[s] * 253), OK, "253 descriptors")
dropped("253 descriptors on what is no request", b"\0", *[0] * 253)
with tcp() as s:
    with contextlib.closing(dial(SB)) as c:
        send_fds(c, good, [s.fileno()])
        for n in range(3):
            with contextlib.suppress(OSError):
                send_fds(c, b"#", [0] * 100)
        is_(until_eof(c), OK, "descriptors after the request")

ok(eventually(lambda: open_fds(PID) == start_fds), "no descriptor is left in the server")
END

like "the log says who was bound to what" "$(cat "$T/binder.log")" \
    '<6>bound uid=[0-9]+ pid=[0-9]+ addr="AF_INET6 SOCK_DGRAM udp 80 ::1"'
like "and who was refused, and why" "$(cat "$T/binder.log")" \
    'refused uid=[0-9]+ pid=[0-9]+ errno=13: AF_INET SOCK_STREAM tcp 8086 127.0.0.1: no rule'
is "and the clients of examples/ agree" "$(svc \
    "$BUILD/examples/socket_binder_client" "$T/svc/sb" tcp 4 80 127.0.0.1)" \
    "127.0.0.1 80"
finish
