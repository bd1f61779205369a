#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "$TESTS/lib/servers.sh"
need nginx

ROUNDS=5
[ -z "${BSOCK_TEST_FULL:-}" ] || ROUNDS=100
rules "$SVC AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 0.0.0.0"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start || exit 1
PID=$DAEMON

nginx_start() {
	server_start nginx
	NGINX=$SERVER
	eventually server_ready nginx
}
server_prepare nginx

# Clients that bind again and again while the daemon comes and goes.
cat >"$T/binds" <<'SH'
ok=0 bad=
trap 'echo "binds=$ok$bad"; exit' TERM
while :; do
	answer=$("$1" -s "AF_INET SOCK_STREAM tcp 81 0.0.0.0")
	if [ "$answer" = 0 ]; then
		ok=$((ok + 1))
	else
		bad="$bad $answer"
	fi
done
SH

load_start() {
	"$B/load" -c 4 http 127.0.0.1 "$PORT" >"$T/load" &
	LOAD=$!
	started $LOAD
}

load_is_clean() {
	stop $LOAD
	like "$1: no request is refused, reset or late" "$(cat "$T/load")" \
	    '^ok=[1-9][0-9]* refused=0 reset=0 timeout=0 other=0'
	diag "$(cat "$T/load")"
}

serving_lines() {
	[ "$(grep -c '>serving ' "$T/log")" -ge "$1" ]
}

nginx_start
load_start
svc_start sh "$T/binds" "$B/ask" >"$T/bound"
BINDS=$!
n=0
while [ $n -lt "$ROUNDS" ]; do
	n=$((n + 1))
	kill -USR2 "$DAEMON"
	eventually serving_lines $((n + 1)) || break
done
is "every re-exec serves again" "$(grep -c '>serving ' "$T/log")" \
    $((ROUNDS + 1))
ok "in the same process" kill -0 "$PID"
not_ok "nothing was lost on the way" grep -E 'not used|cannot' "$T/log"
load_is_clean "re-exec"
stop $BINDS
like "nor does a bind fail" "$(cat "$T/bound")" '^binds=[1-9][0-9]*$'

# The kept socket came along: nginx restarts without a refusal.
load_start
stop "$NGINX" QUIT
nginx_start
load_is_clean "restart of the service after it"

load_start
n=0
while [ $n -lt "$ROUNDS" ]; do
	n=$((n + 1))
	daemon_reload
done
load_is_clean "reload"

load_start
n=0
while [ $n -lt 3 ]; do
	n=$((n + 1))
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	daemon_start || break
done
load_is_clean "kill -9 and a new start"
ok "the address is taken beside the service" \
    test -z "$(grep 'cannot reserve' "$T/log")"

# What was a kept socket is nobody's copy now; the next claim makes another.
stop "$NGINX" QUIT
load_start
nginx_start
stop "$NGINX" QUIT
nginx_start
stop $LOAD
ok "restarts are seamless again" grep -q 'reset=0 timeout=0' "$T/load"
stop "$NGINX" QUIT

fds() {
	find "/proc/$DAEMON/fd" -type l | wc -l
}
# What it holds of a claimant goes a moment after its end.
claimant_is_forgotten() {
	! find "/proc/$DAEMON/fd" -lname '*pidfd*' | grep -q .
}
eventually claimant_is_forgotten
before=$(fds)
kill -USR2 "$DAEMON"
eventually serving_lines 2
is "a re-exec leaves no descriptor behind" "$(fds)" "$before"

# No reason to stop serving: a config with an error, a program that is gone.
daemon_stop
mkdir "$T/bin"
cp "$BUILD/bsock" "$T/bin/bsock"
cp "$T/bsock" "$T/good"
BUILD=$T/bin
daemon_start
rules nonsense
kill -USR2 "$DAEMON"
ok "a config that would not load is found before" logged 'not replaced'
cp "$T/good" "$T/bsock"
rm "$T/bin/bsock"
kill -USR2 "$DAEMON"
ok "a program that cannot be started is reported" \
    logged 'cannot replace this process: No such file'
is "and it goes on serving" \
    "$(svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1")" 0
finish
