#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "no-such-user AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "@no-such-group AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_STREAM no-such-proto $PORT 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_STREAM tcp no-such-service 127.0.0.1" \
    "$SVC_UID AF_INET6 SOCK_STREAM tcp $PORT fe80::1%no-such-if"
: >"$T/bsock.resvaddr"
check() {
	"$BUILD/bsock" -t -c "$T/bsock" -r "$T/bsock.resvaddr" 2>&1
}
not_ok "-t fails" check
is "-t says where" "$(check |
	sed -n 's/^.*bsock:\([0-9]*:[0-9]*\): .*: this line is off$/\1/p' |
	paste -sd ' ')" \
    "2:1 3:1 4:$((22 + ${#SVC_UID})) 5:$((26 + ${#SVC_UID})) 6:$((36 + \
	${#SVC_UID} + ${#PORT}))"
daemon_start || exit 1 # all the same
is "and logs each" "$(grep -c '^<3>.*this line is off' "$T/log")" 5
like "with one rule" "$(cat "$T/log")" "serving .*: 1 rules"
is "which works" "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"

# The interface comes up later: a reload finds it.
if ip link add no-such-if type dummy 2>/dev/null; then
	daemon_reload
	logged "reloaded: 2 rules"
	is "tried again at reload" "$(grep -c 'this line is off' "$T/log")" 9
fi
finish
