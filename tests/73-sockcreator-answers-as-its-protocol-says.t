#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 8085 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 83 192.0.2.1" \
    "$SVC AF_INET SOCK_STREAM tcp 90 127.0.0.1" \
    "$SVC AF_INET6 SOCK_DGRAM udp 90 ::1" \
    "$SVC AF_INET SOCK_DGRAM udp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::" \
    "$SVC AF_INET6 SOCK_DGRAM udp 80 ::1"
reserve "AF_INET SOCK_STREAM tcp 90 127.0.0.1" \
    "AF_INET6 SOCK_DGRAM udp 90 ::1"
daemon_start || exit 1
# IPV6_MTU cannot be read.  Here 2,500 bytes are two fragments without it.
ip link set lo mtu 1400

checks <<'END'
from adapters import *

IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24
creator = Creator()


def no_descriptor_left():
    """But standard input, output and error."""
    return eventually(lambda: open_fds(creator.process.pid) == 3)


def fragments_created():
    with open("/proc/net/snmp6") as f:
        return int(next(x for x in f if x.startswith("Ip6FragCreates")).split()[1])


def check_socket(name, s, kind, family, text, port):
    is_((s.family, s.type), (AF[family], kind), name + ": family and type")
    if port:
        is_(s.getsockname()[:2], (text, port), name + ": its address")
    else:
        ok(s.getsockname()[1] > 1023, name + ": an ephemeral port")
    is_(option(s, socket.SOL_SOCKET, socket.SO_REUSEADDR), 1, name + ": SO_REUSEADDR")
    is_(option(s, socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 0, name + ": not listening")
    ok(os.get_blocking(s.fileno()), name + ": blocking")
    if family == 6:
        is_(option(s, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY), 1, name + ": IPV6_V6ONLY")
    if family == 6 and kind == socket.SOCK_DGRAM:
        is_(option(s, socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER), 0, name + ": IPV6_MTU_DISCOVER")
        before = fragments_created()
        s.sendto(b"x" * 2500, ("::1", 9))
        is_(fragments_created() - before, 3, name + ": IPV6_MTU 1280, 2,500 bytes go as three fragments")


# --- success ----------------------------------------------------------------
for kind, letter, family, text, port in (
    (socket.SOCK_STREAM, "T", 4, "127.0.0.1", 80),
    (socket.SOCK_STREAM, "T", 4, "127.0.0.1", 8085),
    (socket.SOCK_STREAM, "T", 4, "0.0.0.0", 0),
    (socket.SOCK_DGRAM, "U", 4, "127.0.0.1", 80),
    (socket.SOCK_DGRAM, "U", 4, "127.0.0.1", 0),
    (socket.SOCK_STREAM, "T", 6, "::", 80),
    (socket.SOCK_STREAM, "T", 6, "::1", 0),
    (socket.SOCK_DGRAM, "U", 6, "::1", 80),
    (socket.SOCK_DGRAM, "U", 6, "::", 0),
    (socket.SOCK_STREAM, "T", 4, "127.0.0.1", 90),
    (socket.SOCK_DGRAM, "U", 6, "::1", 90),
):
    name = "%s%d %s %d" % (letter, family, text, port)
    creator.send(creator_request(letter, family, port, text))
    is_(creator.exactly(1), b"S", name + ": S, as plain data")
    data, fds = recv_fds(creator.sock, 100)
    is_((data, len(fds)), (b"\0", 1), name + ": one byte 0 with exactly one descriptor")
    with socket.socket(fileno=fds[0]) as s:
        check_socket(name, s, kind, family, text, port)
        if kind == socket.SOCK_STREAM:
            s.listen()
            with socket.create_connection(s.getsockname()[:2]):
                s.accept()[0].close()

with creator.ask(creator_request("T", 4, 80, "127.0.0.1"))[1] as s:
    s.listen()
with creator.ask(creator_request("T", 4, 80, "127.0.0.1"))[1]:
    ok(True, "no copy is kept: closed by the client, the address is free")
many = [creator.ask(creator_request("T", 4, 0, "127.0.0.1"))[1] for n in range(100)]
is_(len({s.getsockname()[1] for s in many}), 100, "a client may hold 100 sockets")
for s in many:
    s.close()

# --- failure: E, what, errno; the stream goes on ----------------------------
def failed(name, request, what, error):
    creator.send(request)
    is_(creator.exactly(6), b"E" + what + struct.pack("=i", error), name)


failed("no rule: B, 13", creator_request("T", 4, 81, "127.0.0.1"), b"B", 13)
failed("no rule for a high port: B, 13", creator_request("U", 4, 8086, "127.0.0.1"), b"B", 13)
failed("no rule for IPv6: B, 13", creator_request("T", 6, 81, "::"), b"B", 13)
failed("nobody's address: B, 99", creator_request("T", 4, 83, "192.0.2.1"), b"B", 99)
failed("nobody's address, port 0: B, 99", creator_request("T", 4, 0, "192.0.2.1"), b"B", 99)
with creator.ask(creator_request("T", 4, 80, "127.0.0.1"))[1] as s:
    s.listen()
    failed("in use: B, 98", creator_request("T", 4, 80, "127.0.0.1"), b"B", 98)
with creator.ask(creator_request("U", 4, 80, "127.0.0.1"))[1] as s:
    is_(s.type, socket.SOCK_DGRAM, "and the stream goes on")

# --- pieces, pipelining, descriptors ----------------------------------------
for piece in creator_request("T", 4, 80, "127.0.0.1"):
    creator.send(bytes([piece]))
    time.sleep(0.005)
creator.reply()[1].close()
for piece in creator_request("U", 6, 80, "::1"):
    creator.send(bytes([piece]))
    time.sleep(0.005)
creator.reply()[1].close()
ok(True, "requests in single bytes")
creator.send(creator_request("T", 4, 80, "127.0.0.1")[:5])
time.sleep(0.3)
creator.send(creator_request("T", 4, 80, "127.0.0.1")[5:], [0, 1, 2])
creator.reply()[1].close()
ok(True, "a request in two pieces, with a pause, and with descriptors")
for n in range(20):
    creator.ask(creator_request("T", 4, 0, "127.0.0.1"), [0] * 100)[1].close()
ok(no_descriptor_left(), "descriptors that come along are dropped")

requests = [
    creator_request("T", 4, 80, "127.0.0.1"),
    creator_request("T", 4, 81, "127.0.0.1"),
    creator_request("U", 6, 80, "::1"),
    creator_request("U", 4, 0, "127.0.0.1"),
]
TOTAL = 20000
sender = threading.Thread(target=lambda: creator.sock.sendall(b"".join(requests) * (TOTAL // 4)))
sender.start()
wrong = 0
for n in range(TOTAL // 4):
    replies = [creator.reply() for request in requests]
    kinds = [
        (r[1].family, r[1].type) if r[0] == b"S" else (r[0], r[1], r[2]) for r in replies
    ]
    if kinds != [
        (AF[4], socket.SOCK_STREAM),
        (b"E", b"B", 13),
        (AF[6], socket.SOCK_DGRAM),
        (AF[4], socket.SOCK_DGRAM),
    ]:
        wrong += 1
    for r in replies:
        if r[0] == b"S":
            r[1].close()
sender.join()
is_(wrong, 0, "20,000 pipelined requests, answered in order")
ok(no_descriptor_left(), "no descriptor is left in it")

# A parent that sends much and reads late: what is in flight is limited.
slow = Creator(prefix=["prlimit", "--nofile=16:16"])
slow.sock.sendall(creator_request("T", 4, 0, "127.0.0.1") * 200)
time.sleep(0.3)
for n in range(200):
    slow.reply()[1].close()
ok(True, "200 requests sent before the first answer is read, 16 descriptors at most")
is_(slow.end(b"T"), 0, "... and it ends as it should")
is_(creator.end(b"T"), 0, "T: exit 0")
END
is "and the parent of examples/ agrees" "$(svc \
    "$BUILD/examples/sockcreator_parent" "$BUILD/bsock-sockcreator" \
    T 4 80 127.0.0.1 U 6 80 ::1 T 4 81 127.0.0.1 2>/dev/null)" "127.0.0.1 80
::1 80
bind: Permission denied"

finish
