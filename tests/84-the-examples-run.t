#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need cc python3 socat

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 81 127.0.0.1"
daemon_start || exit 1
# From the source tree, as a compiler finds them once installed.
compile() {
	example=$1
	shift
	cc -Wall -Wextra -Werror -I"$TOP" -o "$T/$example" \
	    "$TOP/examples/$example.c" "$@"
}
hello() {
	[ "$("$B/talk" 127.0.0.1 "$1" '')" = hello ]
}

# greets NAME PORT COMMAND...: serves on that port until it is ended.
greets() {
	name=$1 port=$2
	shift 2
	svc_start env LD_LIBRARY_PATH="$BUILD" "$@" 2>"$T/err"
	ok "$name" eventually hello "$port"
	[ ! -s "$T/err" ] || diag "$(cat "$T/err")"
	stop $!
}

line80='AF_INET SOCK_STREAM tcp 80 127.0.0.1'
line81='AF_INET SOCK_STREAM tcp 81 127.0.0.1'
sanitized=$(nm -D "$BUILD/libbsock.so.0" | grep -cE '__(asan|tsan)_init')
if [ "$sanitized" = 0 ]; then
	ok "server.c compiles" compile server -L"$BUILD" -lbsock
	greets "server.c greets" 80 "$T/server" "$line80"
	greets "on a reserved address too" 81 "$T/server" "$line81"
	ok "fallback.c compiles without bsock" compile fallback
	greets "fallback.c greets" 80 "$T/fallback" 127.0.0.1 80
	greets "on a reserved address too" 81 "$T/fallback" 127.0.0.1 81
	svc "$T/fallback" 127.0.0.1 80 >"$T/out" 2>&1
	is "without the library it is refused" $? 1
	like "as bind(2) says it" "$(cat "$T/out")" "bind: Permission denied"
fi
greets "client.py greets" 80 "$TOP/examples/client.py" "$BSOCK_SOCKET" "$line80"
greets "on a reserved address too" 81 \
    "$TOP/examples/client.py" "$BSOCK_SOCKET" "$line81"
ok "may-i.sh says yes" svc "$TOP/examples/may-i.sh" "$BSOCK_SOCKET" "$line80"
svc "$TOP/examples/may-i.sh" "$BSOCK_SOCKET" \
    "AF_INET SOCK_STREAM tcp 82 127.0.0.1" >"$T/out"
is "and no" $? 1
is "with the reason" "$(cat "$T/out")" "no: errno 13"

finish
