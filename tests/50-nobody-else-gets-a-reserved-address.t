#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need python3

# Above 1023 nothing but the reservation keeps anybody off.
PORT=8080
rules "$SVC AF_INET SOCK_STREAM tcp $PORT 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp $PORT ::" \
    "$SVC AF_INET SOCK_DGRAM udp $PORT 0.0.0.0" \
    "$SVC AF_INET6 SOCK_DGRAM udp $PORT ::" \
    "$SVC AF_INET SOCK_STREAM tcp 8081 0.0.0.0"
reserve "AF_INET SOCK_STREAM tcp $PORT 0.0.0.0" \
    "AF_INET6 SOCK_STREAM tcp $PORT ::" \
    "AF_INET SOCK_DGRAM udp $PORT 0.0.0.0" \
    "AF_INET6 SOCK_DGRAM udp $PORT ::"
daemon_start || exit 1

cat >"$T/holder" <<'PY'
import os, signal, socket, sys
from socket import *
held = []
for family, host in (AF_INET, "0.0.0.0"), (AF_INET6, "::"):
    for kind in SOCK_STREAM, SOCK_DGRAM:
        s = socket(family, kind)
        if family == AF_INET6:
            s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        s.bind((host, int(sys.argv[1])))
        held.append(s)
# Past the shim, which would not let a listener be shut down.
libc = __import__("ctypes").CDLL(None)
SYS_shutdown = {"x86_64": 48, "aarch64": 210}[os.uname().machine]
def every(what):
    for s in held:
        try:
            what(s)
        except OSError:
            pass
print("bound", flush=True)
for line in sys.stdin:
    order = line.strip()
    if order == "reuseaddr":
        every(lambda s: s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1))
    if order == "no reuseport":
        every(lambda s: s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 0))
    if order == "reuseport":
        every(lambda s: s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1))
    if order == "listen":
        every(lambda s: s.listen(5))
    if order == "shutdown":
        every(lambda s: libc.syscall(SYS_shutdown, s.fileno(), 2))
    if order == "connect out":
        every(lambda s: s.setblocking(False))
        every(lambda s: s.connect(("127.0.0.1", 9) if s.family == AF_INET
                                  else ("::1", 9)))
    print(order, flush=True)
PY

rogues() {
	for rogue_as in svc other; do
		ok "$1: $rogue_as gets nothing" $rogue_as "$B/rogue" $PORT
	done
}

rogues "not started"

mkfifo "$T/orders"
holder_start() {
	: >"$T/said"
	$SVC_RUN env LD_PRELOAD="$BUILD/libbsock_preload.so" \
	    python3 "$T/holder" $PORT <"$T/orders" >"$T/said" &
	HOLDER=$!
	started $HOLDER
	exec 7>"$T/orders"
	eventually grep -q '^bound$' "$T/said"
}

order() {
	echo "$1" >&7
	eventually grep -qx "$1" "$T/said"
}

holder_start
ok "a holder has all four" grep -q '^bound$' "$T/said"
rogues "bound"
for state in reuseaddr "no reuseport" reuseport listen "no reuseport" \
    shutdown reuseport listen "connect out"; do
	order "$state"
	rogues "$state"
done
stop $HOLDER KILL
exec 7>&-
rogues "crashed"
holder_start
order listen
rogues "started again"

# All the time while bsock and the service come and go.
serving_lines() {
	[ "$(grep -c '>serving ' "$T/log")" -ge "$1" ]
}
$OTHER_RUN "$B/rogue" $PORT 15 >"$T/rogue" &
ROGUE=$!
started $ROGUE
for n in 2 3 4 5; do
	kill -USR2 "$DAEMON"
	eventually serving_lines $n
	kill -HUP "$DAEMON"
	stop $HOLDER KILL
	exec 7>&-
	holder_start
	order listen
done
wait $ROGUE
is "at no time does anybody get in" $? 0
diag "$(cat "$T/rogue")"
finish
