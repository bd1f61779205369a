#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need haproxy
. "$TESTS/lib/recipe.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::"
daemon_start || exit 1

# No user, group and chroot lines.
cat >"$T/haproxy.cfg" <<EOF
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 5s
frontend web
	bind 0.0.0.0:80
	bind :::80 v6only
	http-request return status 200 content-type text/plain string hello
EOF

not_ok "alone it may not bind port 80" svc haproxy -f "$T/haproxy.cfg"
recipe haproxy -f "$T/haproxy.cfg"
serves "it serves" get
like "IPv4" "$(get)" "hello"
like "IPv6" "$(get ::1)" "hello"
is "no listener is root's" "$(root_listeners)" ""

finish
