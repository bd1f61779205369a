#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need python3

rules "$SVC AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start || exit 1

# A service that answers one byte, with a queue of five.
cat >"$T/service" <<'PY'
import ctypes, os, signal, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(5)
SYS_shutdown = {"x86_64": 48, "aarch64": 210}[os.uname().machine]
def end(*_):
    if sys.argv[2] == "polite":  # as slapd and ruby do
        s.shutdown(socket.SHUT_RDWR)
    if sys.argv[2] == "rude":  # past the shim
        ctypes.CDLL(None).syscall(SYS_shutdown, s.fileno(), 2)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.recv(100)
    c.send(b"y")
    c.close()
PY

service() {
	: >"$T/said"
	svc_start env LD_PRELOAD="$BUILD/libbsock_preload.so" \
	    python3 "$T/service" "$PORT" "$1" >"$T/said"
	SERVICE=$!
	eventually grep -q ready "$T/said"
}

queue() {
	ss -Hlnt "sport = :$PORT" | awk '{ print $2 "/" $3 }'
}

limit_is() {
	[ "$(queue | cut -d/ -f2)" -eq "$1" ]
}

queued() {
	[ "$(queue | cut -d/ -f1)" -ge "$1" ]
}

not_ok "nobody listens before the first claim" queued 0
service plain
ok "the service listens with its own backlog" limit_is 5
stop $SERVICE
ok "its queue is made longer when it is gone" \
    eventually limit_is "$(cat /proc/sys/net/core/somaxconn)"

# 200 at once in the gap; each asks once, and all are answered later.
"$B/load" -c 200 -n 1 -t 30000 echo 127.0.0.1 "$PORT" >"$T/load" &
LOAD=$!
started $LOAD
ok "200 connections wait in the gap" eventually queued 200
service plain
wait $LOAD
like "all 200 are answered" "$(cat "$T/load")" '^ok=200 refused=0 '
stop $SERVICE

load_start() {
	"$B/load" -c 4 -t 30000 echo 127.0.0.1 "$PORT" >"$T/load" &
	LOAD=$!
	started $LOAD
}

for how in plain polite; do
	load_start
	for _ in 1 2 3 4 5; do
		service $how
		sleep 0.1
		stop $SERVICE
	done
	service $how
	sleep 0.1
	stop $LOAD
	like "restarts ($how): nobody is refused or late" "$(cat "$T/load")" \
	    'ok=[1-9].* refused=0 .* timeout=0 other=0'
	stop $SERVICE
done

# Past the shim it takes the daemon a moment to put the listener back.
service rude
stop $SERVICE
ok "a listener that was shut down listens again" eventually queued 0
load_start
service plain
stop $SERVICE KILL
service plain
stop $LOAD
like "and goes on with its queue" "$(cat "$T/load")" \
    'ok=[1-9].* refused=0 .* timeout=0 other=0'
finish
