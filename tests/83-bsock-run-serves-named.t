#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need named dig
. "$TESTS/lib/recipe.sh"

# It binds one UDP socket for each thread, and one TCP.
rules "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 53 127.0.0.1"
daemon_start || exit 1

cat >"$T/named.conf" <<EOF
options {
	directory "$T/svc";
	pid-file none;
	session-keyfile none;
	listen-on { 127.0.0.1; };
	listen-on-v6 { none; };
	recursion no;
	dnssec-validation no;
};
controls { };
zone "test" { type primary; file "$T/test.zone"; };
EOF
cat >"$T/test.zone" <<'EOF'
$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns.test.
ns A 192.0.2.53
EOF
ask() {
	dig +time=2 +tries=1 +short "$@" ns.test @127.0.0.1
}
answers() {
	[ "$(ask "$@")" = 192.0.2.53 ]
}

recipe named -f -c "$T/named.conf"
serves "it answers over UDP" answers
is "and over TCP" "$(ask +tcp)" 192.0.2.53
is "no socket is root's" "$(root_listeners)" ""

finish
