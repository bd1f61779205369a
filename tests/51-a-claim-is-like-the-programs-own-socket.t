#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need python3

rules "$SVC AF_INET SOCK_STREAM tcp $PORT 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 81 ::" \
    "$SVC AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 83 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 84 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 84 ::" \
    "$SVC AF_INET6 SOCK_STREAM tcp 85 ::1"
reserve "AF_INET SOCK_STREAM tcp $PORT 0.0.0.0" \
    "AF_INET6 SOCK_STREAM tcp 81 ::" \
    "AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
    "AF_INET SOCK_STREAM tcp 83 127.0.0.1" \
    "AF_INET SOCK_STREAM tcp 84 0.0.0.0" \
    "AF_INET6 SOCK_STREAM tcp 84 ::" \
    "AF_INET6 SOCK_STREAM tcp 85 ::1"
daemon_start || exit 1

cat >"$T/lib.py" <<'PY'
from socket import *
import os, struct, sys, time
count = 0
def ok(good, name):
    print("%s %s" % ("ok" if good else "not ok", name), flush=True)
def bound(port, host="0.0.0.0", family=AF_INET, proto=0, reuseport=False):
    s = socket(family, SOCK_STREAM, proto)
    if reuseport:
        s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    s.bind((host, port))
    return s
def same(a, b):  # one open file?
    return os.fstat(a.fileno()).st_ino == os.fstat(b.fileno()).st_ino
def connects(port, host="127.0.0.1", n=1):
    for _ in range(n):
        create_connection((host, port), 5).close()
PY

# run SCRIPT ARGUMENT...: as the service under the shim; its lines are tests.
run() {
	svc env LD_PRELOAD="$BUILD/libbsock_preload.so" PYTHONPATH="$T" \
	    PYTHONDONTWRITEBYTECODE=1 python3 "$@" >"$T/ran" 2>&1
	is "${1##*/} ran to its end" $? 0
	results "$T/ran"
}

# 1. Options of this program, and none of the one before.
cat >"$T/options" <<PY
from lib import *
s = socket(AF_INET, SOCK_STREAM)
first = sys.argv[1] == "first"
s.setblocking(not first)
if first:
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    s.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    s.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 5)
    s.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 3))
    s.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 1000)
else:
    s.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 1234)
want = {}
names = [(SOL_SOCKET, SO_REUSEADDR), (SOL_SOCKET, SO_KEEPALIVE),
         (IPPROTO_TCP, TCP_NODELAY), (IPPROTO_TCP, TCP_DEFER_ACCEPT),
         (IPPROTO_TCP, TCP_MAXSEG), (IPPROTO_TCP, TCP_USER_TIMEOUT),
         (SOL_SOCKET, SO_SNDBUF), (SOL_SOCKET, SO_RCVBUF)]
def look():
    return [s.getsockopt(*n) for n in names] + [
        s.getsockopt(SOL_SOCKET, SO_LINGER, 8), os.get_blocking(s.fileno()),
        os.get_inheritable(s.fileno())]
before = look()
s.bind(("0.0.0.0", $PORT))
after = look()
ok(before == after, "%s: options are as set before bind %s" %
   (sys.argv[1], [(n, b, a) for n, b, a in zip(names, before, after)
                  if b != a]))
s.listen(5)
PY
run "$T/options" first
run "$T/options" second

# 2. Every form of socket.
cat >"$T/forms" <<'PY'
from lib import *
IPPROTO_MPTCP = 262
m = bound(82, "127.0.0.1", proto=IPPROTO_MPTCP)
ok(m.getsockopt(SOL_SOCKET, 38) == IPPROTO_MPTCP, "MPTCP stays MPTCP")
m.listen(5)
again = bound(82, "127.0.0.1", proto=IPPROTO_MPTCP)
ok(same(m, again), "and is kept")
again.close()
c = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP)
c.settimeout(5)
c.connect(("127.0.0.1", 82))
a, _ = m.accept()
a.send(b"x")
ok(c.recv(1) == b"x", "an MPTCP client is served")
connects(82)
m.accept()
ok(True, "and a TCP client")
m.close()
t = bound(82, "127.0.0.1")
ok(t.getsockopt(SOL_SOCKET, 38) == IPPROTO_TCP, "then TCP is TCP")
t.listen(5)
t.close()
j = bound(82, "::ffff:127.0.0.1", AF_INET6)
ok(j.family == AF_INET6 and j.getsockname()[0] == "::ffff:127.0.0.1",
   "a v4-mapped address is the IPv4 reservation")
j.listen(5)
connects(82)
j.accept()
j.close()
for only in 0, 1, 0:
    s = socket(AF_INET6, SOCK_STREAM)
    s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, only)
    s.bind(("::", 81))
    s.listen(5)
    ok(s.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY) == only,
       "V6ONLY %d stays" % only)
    connects(81, "::1")
    try:
        connects(81)
        four = True
    except ConnectionRefusedError:
        four = False
    ok(four != only, "V6ONLY %d means what it says" % only)
    s.close()
one = bound(85, "::1", AF_INET6)
one.listen(5)
ok(same(one, bound(85, "::1", AF_INET6)), "one IPv6 address is kept too")
held = bound(84)
held.listen(5)
for only in 1, 0:
    s = socket(AF_INET6, SOCK_STREAM)
    s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, only)
    s.bind(("::", 84))
    s.listen(5)
    connects(84, "::1")
    s.accept()
    connects(84)
    held.accept()
    ok(True, "both wildcards: :: with V6ONLY %d beside 0.0.0.0" % only)
    s.close()
PY
run "$T/forms"

# 3. The same address again, in one process and from threads.
cat >"$T/again" <<'PY'
from lib import *
import threading
a = bound(82, "127.0.0.1")
a.close()
b = bound(82, "127.0.0.1")
b.listen(5)
c = bound(82, "127.0.0.1")
ok(same(b, c), "a probe bind, close, bind; and again: the kept socket")
got = []
def one():
    got.append(bound(82, "127.0.0.1"))
threads = [threading.Thread(target=one) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
ok(len(got) == 8 and all(same(b, s) for s in got), "from eight threads")
# Listeners of workers: each process in one go, each socket its own queue.
first = bound(83, "127.0.0.1", reuseport=True)
first.listen(50)
more = []
for _ in range(3):
    more.append(bound(83, "127.0.0.1", reuseport=True))
    more[-1].listen(50)
every = [first] + more
ok(len({os.fstat(s.fileno()).st_ino for s in every}) == 4,
   "with SO_REUSEPORT each worker has its own")
connects(83, n=80)
def queued(s):
    s.setblocking(False)
    n = 0
    try:
        while True:
            s.accept()[0].close()
            n += 1
    except BlockingIOError:
        return n
shares = [queued(s) for s in every]
ok(sum(shares) == 80 and min(shares) > 0, "each gets its share %s" % shares)
time.sleep(1.2)
later = bound(83, "127.0.0.1", reuseport=True)
ok(same(first, later), "a later bind, as in a reload, gets the kept one")
PY
run "$T/again"

# 4. What an earlier holder did to the socket harms nobody.
cat >"$T/spoil" <<'PY'
from lib import *
import ctypes
how = sys.argv[1]
syscall = ctypes.CDLL(None).syscall
nr = {"x86_64": (48, 42), "aarch64": (210, 203)}[os.uname().machine]
s = bound(82, "127.0.0.1")
if how == "listened":
    s.listen(5)
if how == "connected":
    t = socket()
    t.bind(("127.0.0.1", 0))
    t.listen(5)
    a = t.getsockname()
    sa = struct.pack("=HH4s8x", AF_INET, htons(a[1]), inet_aton(a[0]))
    ok(syscall(nr[1], s.fileno(), sa, 16) == 0, "connected out")
if how == "shut":
    syscall(nr[0], s.fileno(), 2)
if how == "filter":
    code = struct.pack("=HBBI", 6, 0, 0, 0)
    buf = ctypes.create_string_buffer(code)
    prog = struct.pack("@HP", 1, ctypes.addressof(buf))
    try:
        s.setsockopt(SOL_SOCKET, 26, prog)
    except PermissionError:
        pass  # not everywhere without privilege
    s.setsockopt(SOL_SOCKET, 44, 1)  # for good
    s.listen(5)
if how == "device":
    s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"lo\0")
    s.listen(5)
if how == "reuseport":
    s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 0)
PY
cat >"$T/serve" <<'PY'
from lib import *
s = bound(82, "127.0.0.1")
s.listen(5)
connects(82)
s.settimeout(5)
s.accept()
ok(s.getsockopt(SOL_SOCKET, SO_BINDTODEVICE, 16) == b"",
   "after one that was %s: served, no device" % sys.argv[1])
PY
for how in listened connected shut filter device reuseport; do
	svc "$B/ask" -r "AF_INET SOCK_STREAM tcp 82 127.0.0.1" >"$T/out"
	run "$T/spoil" $how
	run "$T/serve" $how
done

# 5. rebind drops what is kept.
svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1" >/dev/null
inode() {
	ss -Hlnte "sport = :82" | sed 's/.*ino:\([0-9]*\).*/\1/'
}
before=$(inode)
svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1" >/dev/null
is "a claim gets the kept socket" "$(inode)" "$before"
svc "$B/ask" -r -l 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1" >/dev/null
ok "with rebind it gets a fresh one" [ "$(inode)" != "$before" ]

# 6. A client that asks twice with one socket gains nothing.
is "its own socket gets neither of two addresses" "$(svc "$B/race" \
    "AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
    "AF_INET SOCK_STREAM tcp 83 127.0.0.1")" 0

# 7. Descriptors do not pile up.
cat >"$T/many" <<'PY'
from lib import *
for i in range(int(sys.argv[1])):
    s = bound(82, "127.0.0.1")
    if i == 0:
        s.listen(5)
    s.close()
ok(True, "many claims")
PY
fds() {
	find "/proc/$DAEMON/fd" -type l | wc -l
}
run "$T/many" 10
before=$(fds)
claims=1000
[ -z "${BSOCK_TEST_FULL:-}" ] || claims=10000
run "$T/many" $claims
settled() {
	[ "$(fds)" -le "$before" ]
}
ok "the daemon has no more descriptors than before" eventually settled
finish
