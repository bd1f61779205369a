#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need redis-server

rules "$SVC AF_INET SOCK_STREAM tcp 379 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 379 ::1"
daemon_start || exit 1

set -- redis-server --bind 127.0.0.1 ::1 --port 379 --save '' \
    --dir "$T/svc" --protected-mode no

ping() {
	"$B/talk" "$1" 379 'PING\r\nQUIT\r\n'
}

not_ok "alone it may not bind port 379" svc "$@"
shim_start "$@" >"$T/out"
ok "it serves under the shim" eventually ping 127.0.0.1
like "IPv4" "$(ping 127.0.0.1)" "PONG"
like "IPv6" "$(ping ::1)" "PONG"
is "no listener is root's" "$(root_listeners)" ""

finish
