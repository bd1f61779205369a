#!/bin/sh
# The table of bench/restart: inside its network namespace.
# shellcheck source=tests/lib/tap.sh
# shellcheck disable=SC2154 # ROUNDS and the like come from bench/restart
. "${0%/*}/../tests/lib/tap.sh" 2>/dev/null
tiers root userns
SHIM=$BUILD/libbsock_preload.so
. "$TOP/tests/lib/servers.sh"
[ -z "$RESTART_SERVERS" ] || SERVERS=$RESTART_SERVERS

row_of() {
	# shellcheck disable=SC2046 # five numbers
	set -- "$1" "$2" "$3" $(sed 's/ other=[0-9]*//; s/[a-z]*=//g' "$T/load")
	# shellcheck disable=SC2183,SC2046 # sed gives the other five words
	printf '%-12s %-8s %-8s %6s %8s %8s %6s %8s\n' "$1" "$2" "$3" "$4" \
	    "$5" "$6" "$7" "$8"
}

# restarts SERVER SIGNAL HOW
restarts() {
	server_start "$1"
	eventually server_ready "$1" || {
		echo "$1 does not start: $(tail -n 3 "$T/$1.log")"
		return
	}
	"$B/load" -c "$RESTART_CLIENTS" "$(server_protocol "$1")" 127.0.0.1 \
	    "$PORT" >"$T/load" &
	load=$!
	started $load
	n=0
	while [ $n -lt "$RESTART_ROUNDS" ]; do
		n=$((n + 1))
		kill -"$2" "$SERVER"
		eventually gone "$SERVER"
		server_start "$1"
		eventually server_ready "$1"
		sleep 0.1
	done
	stop $load
	row_of "$1" "$2" "$3"
	stop "$SERVER"
}

both() {
	server_prepare "$1"
	for signal in $(server_graceful "$1") $(server_hard "$1"); do
		sysctl -qw net.ipv4.ip_unprivileged_port_start=0
		SHIM=
		restarts "$1" "$signal" plain
		sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
		SHIM=$BUILD/libbsock_preload.so
		rules "$SVC AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
		reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
		daemon_start || exit 1
		restarts "$1" "$signal" bsock
		daemon_stop
	done
}

for name in $SERVERS; do
	if command -v "$(server_program "$name")" >/dev/null; then
		both "$name"
	else
		echo "$name is not installed"
	fi
done
