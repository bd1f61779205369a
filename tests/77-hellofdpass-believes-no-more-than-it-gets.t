#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0"
daemon_start || exit 1
svc touch "$T/svc/hello"
svc_start "$BUILD/examples/hellofdpass" "$T/svc/hello" 'good day'
HELLO=$!
ok "it replaces what is at its path" eventually test -S "$T/svc/hello"
svc_start "$BUILD/bsock-portlisten" 80 "$T/svc/hello"

checks PID=$HELLO <<'END'
from adapters import *

PID = int(os.environ["PID"])


def greeting():
    with contextlib.suppress(ConnectionRefusedError):
        with socket.create_connection(("127.0.0.1", 80), timeout=60) as c:
            return until_eof(c)


ok(eventually(greeting), "it listens")
is_(greeting(), b"good day", "it writes its string and closes")
fds = open_fds(PID)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(T + "/svc/hello")
s.send(b"x")
s.send(b"")
s.send(b"x" * 1000)
is_(greeting(), b"good day", "datagrams without a descriptor")
path_fd = os.open("/", os.O_PATH)
file_fd = os.open(T + "/svc/file", os.O_RDWR | os.O_CREAT)
for fd in (path_fd, file_fd):
    send_fds(s, b"x", [fd])
is_(greeting(), b"good day", "with what is no socket")
is_(os.stat(T + "/svc/file").st_size, 0, "... and it writes nothing to it")
send_fds(s, b"x", [file_fd] * 100)
is_(greeting(), b"good day", "with a hundred")
with socket.socket() as server, socket.socket() as c:
    server.bind(("127.0.0.1", 0))
    server.listen()
    c.connect(server.getsockname())
    gone = server.accept()[0]
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()
    send_fds(s, b"x", [gone.fileno()])
    gone.close()
    a, b = socket.socketpair()
    b.close()
    send_fds(s, b"x", [a.fileno()])
is_(greeting(), b"good day", "with connections whose peer has gone")
ok(eventually(lambda: open_fds(PID) == fds), "no descriptor is left")
END

is "usage: exit 2" "$("$BUILD/examples/hellofdpass" 2>/dev/null; echo $?)" 2
is "a path that is too long: exit 1" "$("$BUILD/examples/hellofdpass" \
    "/$(printf '%0108d' 0)" x 2>/dev/null; echo $?)" 1

finish
