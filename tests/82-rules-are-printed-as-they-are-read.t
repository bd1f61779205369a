#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

ctl() {
	"$BUILD/bsockctl" -c "$1" -r "$T/none" rules
}
rules "nobody  PF_INET	SOCK_STREAM tcp http 0.0.0.0" \
    "" "# comment" \
    "@daemon AF_INET6 SOCK_STREAM tcp 443 0:0:0:0:0:0:0:0" \
    "root AF_LOCAL SOCK_STREAM 0 0 /run/x" \
    "4000000000 AF_INET SOCK_DGRAM 17 53 127.0.0.1" \
    "nobody AF_UNIX SOCK_DGRAM 0 0 @name" \
    "nobody AF_INET6 SOCK_STREAM tcp 25 ::ffff:127.0.0.1"

ctl "$T/bsock" >"$T/once"
is "canonical and sorted" "$(cat "$T/once")" "root AF_UNIX SOCK_STREAM 0 0 /run/x
nobody AF_UNIX SOCK_DGRAM 0 0 @name
nobody AF_INET SOCK_STREAM tcp 25 127.0.0.1
4000000000 AF_INET SOCK_DGRAM udp 53 127.0.0.1
nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0
@daemon AF_INET6 SOCK_STREAM tcp 443 ::"
chmod 644 "$T/once"
ctl "$T/once" >"$T/twice"
is "reading it again gives the same" "$(cat "$T/twice")" "$(cat "$T/once")"

finish
