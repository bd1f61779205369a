#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
need strace
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start -j 1 || exit 1

# hangs_up [COMMAND...]: while the daemon is stopped the client asks for its
# socket and closes; COMMAND runs meanwhile.
hangs_up() {
	rm -f "$T/stopped" "$T/served"
	client_start "
kept = socket.socket()
wait_for(lambda: os.path.exists('$T/stopped'))
conn = connect()
socket.send_fds(conn, [tcp($PORT, '127.0.0.1')], [kept.fileno()])
conn.close()
looks = connect()
looks.close()
print('closed', flush=True)
wait_for(lambda: os.path.exists('$T/served'))
print('port', kept.getsockname()[1], flush=True)
" >"$T/out" 2>&1
	CLIENT=$!
	freeze "$DAEMON"
	"$@"
	touch "$T/stopped"
	ok "the client has closed" eventually grep -q '^closed' "$T/out"
	kill -CONT "$DAEMON"
	is "the next one is served" \
	    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
	touch "$T/served"
	eventually gone "$CLIENT"
	is "nothing was bound" "$(grep '^port' "$T/out")" "port 0"
}

hangs_up :
logged 'reason=hung-up '
is "who only looks is not logged" "$(grep -c 'deny' "$T/log")" 1

# A signal may come just when the daemon looks whether the client is there.
interrupt() {
	strace -f -e trace=poll -e inject=poll:error=EINTR:when=1 \
	    -p "$DAEMON" 2>"$T/strace" &
	TRACER=$!
	started $TRACER
	eventually grep -q attached "$T/strace"
}
if [ "$TIER" != plain ]; then
	hangs_up interrupt
	stop $TRACER
	ok "with a signal just then" grep -q INJECTED "$T/strace"
fi

is "who half-closes is still there" "$(client "
print(ask(tcp($PORT, '127.0.0.1'), half_close=True))")" "0 +fd"
is "who sends nothing and half-closes too" "$(client "
print(ask('', half_close=True))")" "EINVAL"
is "who says nothing hears ETIME" "$(client "print(Answer(connect()))")" ETIME
finish
