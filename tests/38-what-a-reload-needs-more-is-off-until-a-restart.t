#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

root_asks() {
	PYTHONPATH=$TESTS/lib "$PYTHON" -B -c "from client import *
print(ask('$1'))"
}
caps() {
	sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$DAEMON/status"
}
HIGH="root AF_INET SOCK_STREAM tcp 3000 127.0.0.1"
rules "$HIGH"
daemon_start || exit 1
is "a high port of its own user needs nothing" "$(caps)" 0000000000000000
rules "$HIGH" "root AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 3001 127.0.0.1"
daemon_reload
logged "reloaded: 1 rules"
like "a low port" "$(cat "$T/log")" \
    'bsock:2:30: needs CAP_NET_BIND_SERVICE, which was given up.*restart'
like "another user" "$(cat "$T/log")" \
    'bsock:3:[0-9]+: needs CAP_CHOWN, which was given up.*restart'
is "the rest is served" \
    "$(root_asks "AF_INET SOCK_STREAM tcp 3000 127.0.0.1")" "0 +fd"
is "what is off is not" \
    "$(client "print(ask(tcp(3001, '127.0.0.1')))")" "EACCES"
daemon_stop
daemon_start || exit 1
is "a restart has both" "$(caps)" 0000000000000401
is "and serves" \
    "$(client "print(ask(tcp(3001, '127.0.0.1')))")" "0 +fd"
daemon_stop

# Where more ports than the usual ones take a privilege, it is kept for them.
start=/proc/sys/net/ipv4/ip_unprivileged_port_start
if echo 5000 2>/dev/null >$start; then
	rules "$SVC AF_INET SOCK_STREAM tcp 3001 127.0.0.1"
	daemon_start || exit 1
	is "ports up to ip_unprivileged_port_start" "$(client "
print(ask(tcp(3001, '127.0.0.1'), socket.socket()))")" 0
fi
finish
