#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.2" \
    "$SVC AF_INET6 SOCK_STREAM tcp 81 ::1" \
    "$SVC AF_INET SOCK_STREAM tcp 8080 0.0.0.0" \
    "$SVC AF_INET SOCK_STREAM tcp 90 0.0.0.0"
reserve "AF_INET SOCK_STREAM tcp 90 0.0.0.0"
daemon_start || exit 1

portlisten=$BUILD/bsock-portlisten
listening() {
	ss -Hltn "sport = :$1" 2>/dev/null | grep -q LISTEN
}

need ss
svc_start "$portlisten" 80 "$T/svc/r" 2>"$T/err"
P80=$!
ok "it listens on the port, every IPv4 address" eventually listening 80
is "... with the longest queue" "$(ss -Hltn 'sport = :80' |
	awk '{ print $3 }')" "$(cat /proc/sys/net/core/somaxconn)"
svc_start "$portlisten" -b 127.0.0.1 -b 127.0.0.2 -b ::1 81 "$T/svc/r"
svc_start "$portlisten" http-alt "$T/svc/r"
svc_start "$portlisten" 90 "$T/svc/r"
ok "-b, several, IPv4 and IPv6" eventually listening 81
is "... three of them" "$(ss -Hltn 'sport = :81' | wc -l)" 3
ok "a service name" eventually listening 8080
ok "a reserved address" eventually listening 90

checks PID=$P80 <<'END'
from adapters import *
import resource

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
PID = os.environ["PID"]
PATH = T + "/svc/r"
r = receiver(PATH)


def connect(text, port):
    return socket.create_connection((text, port), timeout=60)


for text, port in (
    ("127.0.0.1", 80),
    ("127.0.0.1", 8080),
    ("127.0.0.1", 81),
    ("127.0.0.2", 81),
    ("::1", 81),
    ("127.0.0.1", 90),
):
    name = "%s port %d" % (text, port)
    with connect(text, port) as c:
        c.sendall(b"hello")
        data, anc, flags, sender = r.recvmsg(100, socket.CMSG_SPACE(128))
        is_((data, sender), (b"x", None), name + ": one byte x, from an unnamed socket")
        is_(len(anc), 1, name + ": with descriptors and nothing else")
        fds = array.array("i", anc[0][2])
        is_(len(fds), 1, name + ": exactly one")
        with socket.socket(fileno=fds[0]) as s:
            is_(s.getpeername()[:2], c.getsockname()[:2], name + ": the client's connection")
            is_(s.getsockname()[:2], (text, port), name + ": at that address")
            ok(os.get_blocking(s.fileno()), name + ": blocking")
            is_(s.recv(100), b"hello", name + ": no byte was read")
            for option_name in ("SO_KEEPALIVE", "SO_LINGER", "SO_OOBINLINE", "SO_PRIORITY"):
                got = s.getsockopt(socket.SOL_SOCKET, getattr(socket, option_name))
                if not got == 0:
                    break
            is_(got, 0, name + ": no option is set")
            is_(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0, name + ": nor TCP_NODELAY")
        is_(c.recv(100), b"", name + ": the receiver's close is the client's end")

# --- order, and many --------------------------------------------------------
fds = open_fds(PID)
clients = [connect("127.0.0.1", 80) for n in range(1000)]
ports = []
for n in range(1000):
    with take_connection(r) as s:
        ports.append(s.getpeername()[1])
is_(ports, [c.getsockname()[1] for c in clients], "1,000 connections, in the order of their arrival")
is_([c.recv(1) for c in clients], [b""] * 1000, "... and each is closed for its client")
for c in clients:
    c.close()
for n in range(300):
    connect("127.0.0.1", 80).close()
    take_connection(r).close()
ok(True, "300 clients that hang up at once")
with connect("127.0.0.1", 80) as c:
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
take_connection(r).close()
ok(True, "one that resets")
ok(eventually(lambda: open_fds(PID) == fds), "no descriptor is left")

# --- IPv4 and IPv6 wildcards beside each other ------------------------------
p = subprocess.Popen([BUILD + "/bsock-portlisten", "-b", "::", "80", PATH])
def reached():
    with contextlib.suppress(OSError):
        return connect("::1", 80)
ok(eventually(reached), ":: beside 0.0.0.0 of the same port")
p.terminate()
p.wait()
END

# --- what it does not start with ---------------------------------------------
status_of() {
	svc timeout 20 "$portlisten" "$@" >"$T/out" 2>"$T/err"
	echo $?
}

is "no rule: exit 1" "$(status_of 82 "$T/svc/r")" 1
like "... the errno's text" "$(cat "$T/err")" 'Permission denied'
like "... and what was asked" "$(cat "$T/err")" \
    'AF_INET SOCK_STREAM tcp 82 0.0.0.0: no rule lets uid'
is "no rule for a high port: exit 1" "$(status_of 8081 "$T/svc/r")" 1
is "in use: exit 1" "$(status_of 80 "$T/svc/r")" 1
like "... the errno's text" "$(cat "$T/err")" 'Address already in use'
for port in 0 65536 99999 -- 80x x80 no-such-service '' ' 80' 18446744073709551696; do
	is "port '$port': exit 1" "$(status_of -- "$port" "$T/svc/r")" 1
	like "... the errno's text" "$(cat "$T/err")" 'Invalid argument'
done
for address in localhost 127.1 0.0.0.0/0 '*' '' ::g; do
	is "address '$address': exit 1" \
	    "$(status_of -b "$address" 80 "$T/svc/r")" 1
	like "... the errno's text" "$(cat "$T/err")" 'Invalid argument'
done
is "a path of 108 bytes: exit 1" \
    "$(status_of 82 "/$(printf '%0107d' 0)")" 1
like "... the errno's text" "$(cat "$T/err")" 'File name too long'
is "an empty path: exit 1" "$(status_of 82 '')" 1
for args in "" 80 "80 a b" "-t" "-t -1 80 a" "-t x 80 a" "-t 99999999 80 a" \
    "-x 80 a"; do
	# shellcheck disable=SC2086 # several arguments
	is "usage: $args: exit 2" "$(status_of $args)" 2
	like "... on stderr" "$(cat "$T/err")" 'usage: '
done
is "-h: exit 0" "$(status_of -h)" 0
is "-h: nothing on stderr" "$(cat "$T/err")" ""
is "-h: 80 columns at most" "$(awk 'length > 80' "$T/out")" ""

kill "$P80"
wait "$P80"
is "SIGTERM ends it" $? 143
ok "and the receiver's path is not touched" test -S "$T/svc/r"

finish
