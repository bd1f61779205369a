#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start || exit 1
served() {
	client "print(ask(tcp($PORT, '127.0.0.1')))"
}
second() {
	"$BUILD/bsock" -d "$@" -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g "$(id -g)" -m 0666 2>&1
}
BEFORE=$(stat -c %i "$T/run/socket")
out=$(second -F)
is "exit status" $? 1
like "why" "$out" "another bsock serves this socket"
out=$(second)
is "detached: exit status of the parent" $? 1
like "detached: why" "$out" "another bsock serves this socket"
is "the socket is the first one's" "$(stat -c %i "$T/run/socket")" "$BEFORE"
is "which serves" "$(served)" "0 +fd"

rm "$T/run/socket.lock"
out=$(second -F)
is "without the lock file: exit status" $? 1
like "without the lock file: why" "$out" "another program"
is "the first one serves" "$(served)" "0 +fd"

daemon_stop KILL
ok "a stale socket is left by kill -9" [ -S "$T/run/socket" ]
daemon_start || exit 1
is "and is replaced" "$(served)" "0 +fd"
daemon_stop
not_ok "SIGTERM removes it" [ -e "$T/run/socket" ]

echo precious >"$T/run/socket"
out=$(second -F)
is "a file in its place: exit status" $? 1
like "a file in its place: why" "$out" "not a socket"
is "it is as it was" "$(cat "$T/run/socket")" precious
rm "$T/run/socket"
ln -s "$T/bsock" "$T/run/socket"
not_ok "a link in its place" second -F
ok "it is as it was" [ -L "$T/run/socket" ]
finish
