#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"
need valgrind
nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "an instrumented build"

GOOD="$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
rules "$GOOD" "@$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.2" \
    "$SVC_UID AF_UNIX SOCK_STREAM 0 0 @x"
reserve "AF_INET SOCK_STREAM tcp $((PORT + 1)) 127.0.0.1"
valgrind_start --track-fds=no --log-file="$T/valgrind"
client "
for _ in range(50):
    ask(tcp($PORT, '127.0.0.1'))
    ask(tcp($PORT, '127.0.0.1'), socket.socket())
    ask('AF_UNIX SOCK_STREAM 0 0 @x')
    ask('AF_INET SOCK_STREAM tcp $PORT 127.0.0.3')
    ask(os.urandom(100))
    connect()
print(ask(tcp($PORT, '127.0.0.1')))" >"$T/out" 2>&1
is "requests of all kinds" "$(cat "$T/out")" "0 +fd"
rules "$GOOD"
kill -HUP "$DAEMON"
ok "a reload" logged "reloaded: 1 rules"
rules nonsense
kill -HUP "$DAEMON"
ok "a reload that fails" logged "reload failed"
kill -TERM "$DAEMON"
wait "$DAEMON"
is "exit status" $? 0
is "what valgrind says" "$(cat "$T/valgrind")" ""
finish
