#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need python3 make cc

# Systems other than Linux: the same sources with the probe forced off.
if ! make -C "$TOP" -s O="$T/build" PROBE_GUARD=0 CFLAGS=-O0 \
    "$T/build/bsock" >"$T/make" 2>&1; then
	ok "it builds" false
	diag "$(cat "$T/make")"
	finish
fi
ok "it builds" true
SHIM=$BUILD/libbsock_preload.so
BUILD=$T/build

rules "$SVC AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC AF_INET SOCK_DGRAM udp 53 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 81 ::"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "AF_INET SOCK_DGRAM udp 53 0.0.0.0" \
    "AF_INET6 SOCK_STREAM tcp 81 ::"
daemon_start || exit 1

not_ok "the address is held before any claim" \
    "$B/ask" -k -R -P "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
cat >"$T/service" <<'PY'
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(5)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.recv(10)
    c.send(b"y")
    c.close()
PY
service() {
	: >"$T/said"
	svc_start env LD_PRELOAD="$SHIM" python3 "$T/service" "$PORT" \
	    >"$T/said"
	SERVICE=$!
	eventually grep -q ready "$T/said"
}
service
"$B/load" -c 4 echo 127.0.0.1 "$PORT" >"$T/load" &
LOAD=$!
started $LOAD
for signal in TERM TERM KILL; do
	stop "$SERVICE" $signal
	service
	sleep 0.1
done
stop $LOAD
like "restarts refuse nobody" "$(cat "$T/load")" \
    '^ok=[1-9][0-9]* refused=0 .* timeout=0 other=0'
stop "$SERVICE"

is "datagrams too" "$(svc "$B/ask" "AF_INET SOCK_DGRAM udp 53 0.0.0.0")" 0
is "and again" "$(svc "$B/ask" "AF_INET SOCK_DGRAM udp 53 0.0.0.0")" 0
for only in 0 1 0; do
	is "V6ONLY $only" "$(svc "$B/ask" -6 $only -l 5 \
	    "AF_INET6 SOCK_STREAM tcp 81 ::")" 0
done
reserve "AF_INET SOCK_DGRAM udp 53 0.0.0.0"
daemon_reload
is "a line that is gone is free" \
    "$("$B/ask" -k "AF_INET6 SOCK_STREAM tcp 81 ::")" 0
finish
