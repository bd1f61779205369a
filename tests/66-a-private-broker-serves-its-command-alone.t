#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need pgrep
. "${0%/*}/lib/run.sh"
. "${0%/*}/lib/client.sh"

# There is no daemon and no config here.
unset BSOCK_SOCKET
WEB='AF_INET SOCK_STREAM tcp 80 127.0.0.1'
A80="$B/ask -k 'AF_INET SOCK_STREAM tcp 80 127.0.0.1'"
A81="$B/ask -k 'AF_INET SOCK_STREAM tcp 81 127.0.0.1'"
kinds_build || exit 1

as_nobody() {
	"$RUN" -u nobody "$@" 2>"$T/err"
}

for mode in preload notify; do
	is "$mode: -a any gives a low port" \
	    "$(as_nobody -a any -m $mode sh -c "$A80")" 0
	is "$mode: an address gives itself alone" "$(as_nobody -a "$WEB" \
	    -m $mode sh -c "$A80; $A81" | tr '\n' ' ')" "0 EACCES "
	is "$mode: -n 1 is one bind" "$(as_nobody -a any -n 1 -m $mode \
	    sh -c "$A80; $A81; $A80" | tr '\n' ' ')" "0 EACCES EACCES "
done
"$B/server" -i "$T/held" 127.0.0.1 80 held &
started $!
eventually [ -s "$T/held" ]
is "a bind that failed does not count" \
    "$(as_nobody -a any -n 1 sh -c "$A80; $A81" | tr '\n' ' ')" \
    "EADDRINUSE 0 "
stop "$(cat "$T/held")"
is "UDP and IPv6 are any too" "$(as_nobody -a any sh -c \
    "$B/ask -k 'AF_INET SOCK_DGRAM udp 53 127.0.0.1'
     $B/ask -k 'AF_INET6 SOCK_STREAM tcp 443 ::'" | tr '\n' ' ')" "0 0 "
is "the command is nobody" "$(as_nobody -a any id -u)" "$(id -u nobody)"
is "with nobody's groups" "$(as_nobody -a any id -G)" "$(id -G nobody)"
is "-l may use it" \
    "$(as_nobody -a "$WEB" -l "$WEB" sh -c 'ls -l /proc/$$/fd/3' |
	grep -c socket)" 1
is "the exit status is the command's" \
    "$(as_nobody -a any sh -c 'exit 9'; echo $?)" 9

# --- who is served
# A Go program, so that it is the keeper that asks.
"$RUN" -u nobody -a any "$KINDS/go" 127.0.0.1:80 hello 2>"$T/err" &
pid=$!
started $pid
like "a Go program serves" "$(eventually get && get)" hello
server=$(ss -Htlnp | sed -n 's/.*pid=\([0-9]*\).*/\1/p')
keeper=$(keeper_of "$server")
socket=$(tr '\0' '\n' <"/proc/$server/environ" |
    sed -n 's/^BSOCK_SOCKET=//p')
like "it asks at an abstract socket" "$socket" '^@bsock-run-[0-9a-f]{32}$'
broker=$(pgrep -P $pid | grep -vx "$keeper")
of_broker() {
	sed -n "s/^$1:[[:blank:]]*//p" "/proc/$broker/status"
}
is "the broker is nobody too" "$(of_broker Uid | tr -s '\t' ' ')" \
    "$(yes "$(id -u nobody)" | head -4 | paste -sd ' ')"
is "with one capability" "$(of_broker CapPrm)" 0000000000000400
is "no more can be had" "$(of_broker CapBnd)" 0000000000000400
is "and no new privileges" "$(of_broker NoNewPrivs)" 1
is "the others have none" \
    "$(sed -n 's/^CapPrm:[[:blank:]]*//p' "/proc/$pid/status" \
	"/proc/$keeper/status" "/proc/$server/status" | sort -u)" \
    0000000000000000
is "another process of the same user is refused" \
    "$(BSOCK_SOCKET=$socket svc "$B/ask" \
	'AF_INET SOCK_STREAM tcp 82 127.0.0.1')" EACCES
is "root as well" "$(BSOCK_SOCKET=$socket "$B/ask" \
    'AF_INET SOCK_STREAM tcp 82 127.0.0.1')" EACCES
kill "$server"
wait $pid
is "death by a signal" $? 143
ok "the broker is gone with the command" eventually gone "$broker"

# --- how long
as_nobody -a any -m preload "$B/server" -d -i "$T/svc/pid" 127.0.0.1 80 hello
is "a daemon gives the prompt back" $? 0
like "and is served" "$(eventually get && get)" hello
server=$(cat "$T/svc/pid")
keeper=$(keeper_of "$server")
is "its keeper stays" "$(cat "/proc/$keeper/comm")" bsock-run
broker=$(pgrep -x bsock-run | while read -r p; do
	# Those of other tests are in other networks.
	[ "$(readlink "/proc/$p/ns/net")" = "$(readlink /proc/self/ns/net)" ] &&
		grep -q '^CapPrm:.*0400$' "/proc/$p/status" && echo "$p"
done)
ok "and so does the broker" kill -0 "$broker"
kill "$server"
ok "until the last descendant is gone" eventually gone "$keeper"
ok "then it ends" eventually gone "$broker"

# --- what is refused
refused() {
	re_text=$1
	shift
	"$@" true >"$T/out" 2>&1
	is "$*: 125" $? 125
	like "and a sentence" "$(cat "$T/out")" "^bsock-run: .*$re_text"
}
refused "only root" svc "$RUN" -u daemon -a any
refused "only root" svc "$RUN" -a any
refused "only root" svc "$RUN" -u nobody
refused "needs -u" "$RUN" -a any
refused "needs -a" "$RUN" -n 3
refused "no user" "$RUN" -u no-such-user
refused "no group" "$RUN" -u nobody:no-such-group
refused "which group" "$RUN" -u 4242424
refused "root can bind" "$RUN" -u root -a any
refused "five fields" "$RUN" -u nobody -a "AF_INET tcp 80"
refused "unix sockets" "$RUN" -u nobody -a 'AF_UNIX SOCK_STREAM 0 0 /run/x'
refused "not a number" "$RUN" -u nobody -a any -n 0

finish
