#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain

# SigBlk of /proc: from then on nothing kills it.
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
: >"$T/bsock.resvaddr"
begin() {
	: >"$T/log"
	"$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g "$(id -g)" 2>>"$T/log" &
	DAEMON=$!
	started $DAEMON
	# At once, as soon as signals wait: it is still starting up.
	until grep -q '^SigBlk:.*[1-9a-f]' "/proc/$DAEMON/status" ||
	    gone "$DAEMON"; do :; done
}
for i in 1 2 3 4 5; do
	begin
	kill -HUP "$DAEMON"
	ok "SIGHUP, $i: it serves" daemon_ready
	ok "and reloads" logged reloaded
	daemon_stop
done
begin
kill -TERM "$DAEMON"
wait "$DAEMON"
is "SIGTERM: it ends with 0" $? 0
not_ok "and leaves no socket" [ -e "$T/run/socket" ]
finish
