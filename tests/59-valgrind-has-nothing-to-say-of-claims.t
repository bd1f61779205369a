#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need valgrind python3
nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

lines() {
	echo "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
	echo "AF_INET SOCK_DGRAM udp 53 0.0.0.0"
	echo "AF_INET6 SOCK_STREAM tcp 81 ::"
	[ "$1" = 3 ] || echo "AF_UNIX SOCK_STREAM 0 0 @bsock-valgrind"
}
lines 4 >"$T/bsock.resvaddr"
lines 4 | sed "s/^/$SVC /" >"$T/bsock"
valgrind_start --track-fds=yes --log-file="$T/valgrind.%p"

claims() {
	for _ in 1 2 3 4 5; do
		svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
		svc "$B/ask" -r -l 5 "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
		svc "$B/ask" -s "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
		svc "$B/ask" "AF_INET SOCK_DGRAM udp 53 0.0.0.0"
		svc "$B/ask" -6 1 -l 5 "AF_INET6 SOCK_STREAM tcp 81 ::"
		svc "$B/ask" -6 0 -P "AF_INET6 SOCK_STREAM tcp 81 ::"
		svc "$B/ask" "AF_UNIX SOCK_STREAM 0 0 @bsock-valgrind"
	done
}
is "claims of all kinds" "$(claims | sort -u)" 0
lines 3 >"$T/bsock.resvaddr"
kill -HUP "$DAEMON"
ok "a reload" logged "reloaded: .* 3 reserved"
kill -TERM "$DAEMON"
wait "$DAEMON"
is "exit status" $? 0
# Open to the end are the daemon's own: its socket, lock, pipe, and epoll.
left() {
	cat "$T"/valgrind.* |
		grep -E 'definitely|Invalid|uninit|Open AF_INET|pidfd|@bsock'
}
left >"$T/left"
is "what valgrind says" "$(cat "$T/left")" ""
[ ! -s "$T/left" ] || diag "$(cat "$T"/valgrind.*)"
finish
