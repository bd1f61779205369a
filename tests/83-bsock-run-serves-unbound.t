#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need unbound dig
. "$TESTS/lib/recipe.sh"

rules "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 53 127.0.0.1"
daemon_start || exit 1

cat >"$T/unbound.conf" <<EOF
server:
	interface: 127.0.0.1
	username: ""
	chroot: ""
	directory: "$T/svc"
	pidfile: ""
	use-syslog: no
	module-config: "iterator"
	local-zone: "test." static
	local-data: "ns.test. A 192.0.2.53"
remote-control:
	control-enable: no
EOF
ask() {
	dig +time=2 +tries=1 +short "$@" ns.test @127.0.0.1
}
answers() {
	[ "$(ask "$@")" = 192.0.2.53 ]
}

not_ok "alone it may not bind port 53" \
    svc unbound -d -c "$T/unbound.conf"
recipe unbound -d -c "$T/unbound.conf"
serves "it answers over UDP" answers
is "and over TCP" "$(ask +tcp)" 192.0.2.53
is "no socket is root's" "$(root_listeners)" ""

finish
