#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "$TESTS/lib/servers.sh"

# The full count with BSOCK_TEST_FULL=1; BSOCK_TEST_SERVERS: some of them.
ROUNDS=2
[ -z "${BSOCK_TEST_FULL:-}" ] || ROUNDS=20
SERVERS=${BSOCK_TEST_SERVERS:-$SERVERS}
CLIENTS=4
for name in $SERVERS; do
	need "$(server_program "$name")"
done

rules "$SVC AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start || exit 1

load_start() {
	"$B/load" -c $CLIENTS "$(server_protocol "$1")" 127.0.0.1 "$PORT" \
	    >"$T/load" &
	LOAD=$!
	started $LOAD
}

load_stop() {
	stop $LOAD
	LOADED=$(cat "$T/load")
	RESET=$(sed 's/.* reset=\([0-9]*\).*/\1/' "$T/load")
}

# restarts NAME SIGNAL ROUNDS
restarts() {
	round=0
	while [ $round -lt "$3" ]; do
		round=$((round + 1))
		kill -"$2" "$SERVER"
		eventually gone "$SERVER" || return 1
		server_start "$1"
		server_ready "$1" || return 1
		sleep 0.1
	done
}

# Everything that it has accepted, and nothing else, may break.
crash() {
	pids=$(server_pids)
	for pid in $pids; do
		kill -STOP "$pid" 2>/dev/null
	done
	sleep 0.2
	ACCEPTED=$(server_accepted)
	for pid in $pids; do
		kill -KILL "$pid" 2>/dev/null
	done
	for pid in $pids; do
		eventually gone "$pid"
	done
	server_start "$1"
	server_ready "$1"
}

# one SERVER: all its ways to end
one() {
	server_prepare "$1"
	server_start "$1"
	ok "$1 serves" eventually server_ready "$1"

	if [ -n "$(server_graceful "$1")" ]; then
		load_start "$1"
		restarts "$1" "$(server_graceful "$1")" "$ROUNDS"
		load_stop
		like "$1, $ROUNDS graceful restarts: none refused, none reset" \
		    "$LOADED" \
		    '^ok=[1-9][0-9]* refused=0 reset=0 timeout=0 other=0'
		diag "$LOADED"
	fi

	hard=$(server_hard "$1")
	load_start "$1"
	restarts "$1" "$hard" "$ROUNDS"
	load_stop
	like "$1, $ROUNDS times $hard: none refused" "$LOADED" \
	    '^ok=[1-9][0-9]* refused=0 reset=[0-9]* timeout=0 other=0'
	diag "$LOADED"
	# Each client has one connection at a time.
	ok "$1, $hard: only what it was serving broke" \
	    [ "$RESET" -le $((ROUNDS * CLIENTS)) ]

	load_start "$1"
	sleep 0.2
	crash "$1"
	load_stop
	like "$1, kill -9: none refused" "$LOADED" \
	    '^ok=[1-9][0-9]* refused=0 reset=[0-9]* timeout=0 other=0'
	diag "$LOADED accepted=$ACCEPTED"
	ok "$1, kill -9: what broke had been accepted" \
	    [ "$RESET" -le "$ACCEPTED" ]
	stop "$SERVER"
}

for name in $SERVERS; do
	one "$name"
done
finish
