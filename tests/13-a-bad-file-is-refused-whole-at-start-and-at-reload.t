#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

GOOD="$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
start() {
	"$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g "$(id -g)" -m 0666 2>&1
}
: >"$T/bsock.resvaddr"
rules "$GOOD" "$SVC_UID AF_INET SOCK_STREAM tcp 99999 127.0.0.1" nonsense
out=$(start)
is "exit status at start" $? 1
like "every bad line" "$out" "bsock:2:$((26 + ${#SVC_UID})): port 99999"
like "the other one" "$out" "bsock:3:"
like "and that it does not start" "$out" "cannot start"
not_ok "no socket is left" [ -e "$T/run/socket" ]

rules "$GOOD"
daemon_start || exit 1
served() {
	client "print(ask(tcp($PORT, '127.0.0.1')))"
}
is "it serves" "$(served)" "0 +fd"
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.2" nonsense
daemon_reload
logged "reload failed"
like "says where" "$(cat "$T/log")" "^<3>$T/bsock:2:"
is "it keeps what it had" "$(served)" "0 +fd"
rules "$GOOD"
rm "$T/bsock.resvaddr"
daemon_reload
like "a resvaddr that is missing now fails the reload" "$(cat "$T/log")" \
    'bsock.resvaddr: cannot be used'
is "it keeps what it had still" "$(served)" "0 +fd"
: >"$T/bsock.resvaddr"
chmod go+w "$T/bsock"
daemon_reload
like "so does a file that others may write" "$(tail -n 2 "$T/log")" 'go-w'
chmod go-w "$T/bsock"
: >"$T/bsock"
daemon_reload
logged "reloaded: 0 rules"
is "a good one is taken" "$(served)" EACCES
finish
