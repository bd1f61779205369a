#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"
need pgrep

# What is written to standard error must not get into a file or a connection
# that has got its number.
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
: >"$T/bsock.resvaddr"
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET
"$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
    -s "$T/run/socket" -g "$(id -g)" -m 0666 <&- >&- 2>&- &
DAEMON=$!
started $DAEMON
answers() {
	[ "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" = "0 +fd" ]
}
ok "it serves" eventually answers
for fd in 0 1 2; do
	is "descriptor $fd is no socket" \
	    "$(readlink "/proc/$DAEMON/fd/$fd")" /dev/null
done
is "the lock file is empty" "$(cat "$T/run/socket.lock")" ""

daemon_stop
"$BUILD/bsock" -d -c "$T/bsock" -r "$T/bsock.resvaddr" \
    -s "$T/run/socket" -g "$(id -g)" -m 0666 <&- >&- 2>&-
is "detached: the parent says that it serves" "$?" 0
DAEMON=$(pgrep -f "bsock -d -c $T/bsock") # its path names this test alone
started "$DAEMON"
ok "detached: it serves" answers
finish
