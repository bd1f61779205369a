#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need python3

# Directories above a path must be root's alone; /tmp is not.
D=$(mktemp -d /run/bsock-test.XXXXXX) || exit 1
chmod 755 "$D"
trap 'rm -rf "$D"; tap_cleanup' EXIT

cat >"$T/what" <<EOF2
AF_INET SOCK_DGRAM udp 53 127.0.0.1
AF_INET SOCK_DGRAM udp 53 0.0.0.0
AF_INET6 SOCK_DGRAM udp 53 ::
AF_INET SOCK_DGRAM udp 54 0.0.0.0
AF_INET6 SOCK_DGRAM udp 55 ::1
AF_UNIX SOCK_STREAM 0 0 $D/stream
AF_UNIX SOCK_DGRAM 0 0 $D/dgram
AF_UNIX SOCK_STREAM 0 0 @bsock-test
EOF2
cp "$T/what" "$T/bsock.resvaddr"
{
	sed "s/^/$SVC /" "$T/what"
	sed "s/^/$OTHER /" "$T/what"
} >"$T/bsock"
daemon_start || exit 1

cat >"$T/lib.py" <<'PY'
from socket import *
import os, sys, time
def ok(good, name):
    print("%s %s" % ("ok" if good else "not ok", name), flush=True)
def udp(host, port, only=None):
    s = socket(AF_INET6 if ":" in host else AF_INET, SOCK_DGRAM)
    if only is not None:
        s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, only)
    s.bind((host, port))
    s.settimeout(5)
    return s
def send(host, port, n):
    for i in range(n):
        s = socket(AF_INET6 if ":" in host else AF_INET, SOCK_DGRAM)
        s.sendto(b"%d" % i, (host, port))
        s.close()
def count(s):
    s.setblocking(False)
    n = 0
    try:
        while s.recv(100):
            n += 1
    except BlockingIOError:
        return n
PY
run() {
	svc env LD_PRELOAD="$BUILD/libbsock_preload.so" PYTHONPATH="$T" \
	    PYTHONDONTWRITEBYTECODE=1 D="$D" python3 "$@" >"$T/ran" 2>&1
	is "${1##*/} ran to its end" $? 0
	results "$T/ran"
}

cat >"$T/datagrams" <<'PY'
from lib import *
for host, port, to in (("0.0.0.0", 53, "127.0.0.2"),
                       ("127.0.0.1", 53, "127.0.0.1"),
                       ("0.0.0.0", 54, "127.0.0.1"), ("::1", 55, "::1")):
    a = udp(host, port)
    send(to, port, 40)
    b = udp(host, port)
    got = count(a) + count(b)
    ok(got == 40, "%s %d: no datagram is swallowed (%d of 40)" %
       (host, port, got))
    if port == 53:
        continue
    a.close(); b.close()
    send(to, port, 20)
    got = count(udp(host, port))
    ok(got == 20, "%s %d: what comes between two holders waits (%d of 20)" %
       (host, port, got))
PY
run "$T/datagrams"
cat >"$T/wild" <<'PY'
from lib import *
# A fresh daemon: 127.0.0.1 is reserved too, and nobody has claimed it.
a = udp("0.0.0.0", 53)
send("127.0.0.1", 53, 40)
ok(count(a) == 40, "nor by the guard of an address that nobody claimed")
b = udp("127.0.0.1", 53)
send("127.0.0.1", 53, 40)
send("127.0.0.2", 53, 40)
ok(count(a) == 40 and count(b) == 40, "each gets its own")
PY
daemon_stop
daemon_start
run "$T/wild"
cat >"$T/dual" <<'PY'
from lib import *
only = int(sys.argv[1])
a = udp("::", 53, only)
send("::1", 53, 40)
send("127.0.0.2", 53, 40)
got = count(a)
ok(got == (40 if only else 80), ":: with V6ONLY %d beside 0.0.0.0: %d" %
   (only, got))
b = udp("0.0.0.0", 53)
send("127.0.0.2", 53, 40)
send("::1", 53, 40)
ok(count(b) == 40 and count(a) == 40, "and when that is claimed too")
PY
for only in 0 1 0; do
	daemon_stop
	daemon_start
	run "$T/dual" $only
done

# --- unix sockets
mode() {
	stat -c '%U %a' "$D/$1"
}
is "a path is bound before anybody claims it" "$(mode stream)" "root 600"
cat >"$T/unix" <<'PY'
from lib import *
D = os.environ["D"]
s = socket(AF_UNIX, SOCK_STREAM)
s.bind(D + "/stream")
s.listen(5)
c = socket(AF_UNIX, SOCK_STREAM)
c.connect(D + "/stream")
c.send(b"x")
s.close()
again = socket(AF_UNIX, SOCK_STREAM)
again.bind(D + "/stream")
again.listen(5)
ok(again.accept()[0].recv(1) == b"x", "a connection waits for the next holder")
d = socket(AF_UNIX, SOCK_DGRAM)
d.bind(D + "/dgram")
socket(AF_UNIX, SOCK_DGRAM).sendto(b"x", D + "/dgram")
d.close()
d = socket(AF_UNIX, SOCK_DGRAM)
d.bind(D + "/dgram")
ok(d.recv(1) == b"x", "so does a datagram")
for _ in range(2):
    n = socket(AF_UNIX, SOCK_STREAM)
    n.bind("\0bsock-test")
    n.listen(5)
    socket(AF_UNIX, SOCK_STREAM).connect("\0bsock-test")
    n.accept()
    n.close()
ok(True, "an abstract name")
PY
run "$T/unix"
is "then it is the claimant's" "$(mode stream)" "$SVC 600"
# The kernel's number of the socket; that of the file may be used again.
inode() {
	ss -Hxl | awk -v path="$D/stream" '$5 == path { print $6 }'
}
before=$(inode)
is "another user gets a new socket" \
    "$(other "$B/ask" "AF_UNIX SOCK_STREAM 0 0 $D/stream")" 0
is "at the same path" "$(mode stream)" "$OTHER 600"
ok "not the old one" [ "$(inode)" != "$before" ]

rm -f "$D/stream"
: >"$D/stream"
reserve "AF_INET SOCK_DGRAM udp 54 0.0.0.0"
daemon_reload
ok "released means unlinked" [ ! -e "$D/dgram" ]
ok "but only what is ours" [ -f "$D/stream" ]

# --- after kill -9
cat >"$T/hold" <<'PY'
from lib import *
s = udp("0.0.0.0", 54)
print("ready", flush=True)
n = 0
while True:
    try:
        s.recv(100)
        n += 1
        print(n, flush=True)
    except timeout:
        pass
PY
: >"$T/held"
svc_start env LD_PRELOAD="$BUILD/libbsock_preload.so" PYTHONPATH="$T" \
    PYTHONDONTWRITEBYTECODE=1 python3 "$T/hold" >"$T/held" 2>&1
HOLD=$!
eventually grep -q ready "$T/held"
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
daemon_start
ok "what a service still has is left to it" logged 'cannot reserve .*udp 54'
python3 -c '
import socket
for _ in range(40):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", ("127.0.0.1", 54))'
ok "all datagrams reach it" eventually grep -qx 40 "$T/held"
stop $HOLD
ok "and it is taken when that ends" logged 'reserved .*udp 54 .* at last'
finish
