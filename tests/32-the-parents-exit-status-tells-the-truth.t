#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"
need pgrep

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
: >"$T/bsock.resvaddr"
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET
start() {
	(cd "$T" && "$BUILD/bsock" -d -c bsock -r bsock.resvaddr \
	    -s run/socket -g "$(id -g)" -m 0666 "$@" 2>"$T/err")
}
daemon_pid() {
	DAEMON=$(pgrep -nf "$BUILD/bsock -d -c bsock .*$1") && started "$DAEMON"
}

for _ in 1 2 3; do
	start -j 3
	is "it is 0" $? 0
	is "once it serves: the first question is answered" \
	    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
	daemon_pid "-j 3"
	stop "$DAEMON"
	ok "it has ended" eventually gone "$DAEMON"
done
start
daemon_pid "0666"
is "it is a session of its own" "$(ps -o sid= "$DAEMON" | tr -d ' ')" "$DAEMON"
is "in the root directory" "$(readlink "/proc/$DAEMON/cwd")" /
is "without a terminal" "$(readlink "/proc/$DAEMON/fd/2")" /dev/null
# An instrumented build has no filter, and says so.
is "which said nothing" "$(grep -v 'no system call filter' "$T/err")" ""
kill -HUP "$DAEMON"
is "relative paths hold at a reload" \
    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
stop "$DAEMON"
ok "it has ended" eventually gone "$DAEMON"

echo nonsense >"$T/bsock"
start
is "it is 1 when the config has errors" $? 1
like "and says why" "$(cat "$T/err")" "$T/bsock:1:.*missing"
not_ok "no socket is left" [ -e "$T/run/socket" ]
rules
start -s "$T/none/such/socket"
is "it is 1 without a directory" $? 1
like "and says why" "$(cat "$T/err")" "No such file"
for usage in "-m 999" "-m 01000" "-j 0" "-j 65" "-j x" "-g no-such-group" \
    "-x" "extra"; do
	# shellcheck disable=SC2086
	start $usage
	is "it is 2 for $usage" $? 2
	ok "and says something" [ -s "$T/err" ]
done
finish
