#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need strace

# Not a second time before the first request, which would wait for it.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 81 127.0.0.1"
: >"$T/log"
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET
strace -f -e trace=open,openat -o "$T/trace" "$BUILD/bsock" -d -F \
    -c "$T/bsock" -r "$T/bsock.resvaddr" -s "$T/run/socket" -g 0 -m 0666 \
    2>"$T/log" &
DAEMON=$!
started $DAEMON
daemon_ready || exit 1
pid=$(sed -n '1s/ .*//p' "$T/trace")
opened() {
	grep -c "\"$T/$1\"" "$T/trace"
}
is "the rules, at the start" "$(opened bsock)" 1
is "the reserved addresses" "$(opened bsock.resvaddr)" 1
files=$(grep -c ' open' "$T/trace")
is "the first request is served" \
    "$(svc "$B/ask" "AF_INET SOCK_STREAM tcp 80 127.0.0.1")" 0
is "and a second" "$(svc "$B/ask" "AF_INET SOCK_STREAM tcp 80 127.0.0.1")" 0
is "no file is opened for them" "$(grep -c ' open' "$T/trace")" "$files"
kill -HUP "$pid"
ok "a reload" logged reloaded
is "reads them once more" "$(opened bsock) $(opened bsock.resvaddr)" "2 2"
kill -TERM "$pid"
eventually gone $DAEMON
finish
