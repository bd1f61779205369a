#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

name=$(id -nu "$SVC")
a=$T/authbind
mkdir "$a" "$a/byport" "$a/byaddr" "$a/byuid"
file() {
	: >"$a/$1"
	chmod "$2" "$a/$1"
	[ "$TIER" != root ] || chown "$SVC" "$a/$1"
}
# The owner's alone; others that are not imported.
file byport/80 0500
file 'byport/!600' 0100
file byport/601 0500
file byaddr/127.0.0.1,25 0500
file byaddr/127.0.0.1:26 0500
file byaddr/::1,80 0500
cat >"$a/byuid/4000000000" <<END
127.0.0.1,53
10.0.0.1/32,54-55
10.0.0.2/32:56,57
::/0,443
10.0.0.0/8,70
0.0.0.0/0,1-400
10.0.0.3,600
nonsense
END
printf '%0300d\n127.0.0.1,58\n' 0 >>"$a/byuid/4000000000"

import() {
	"$BUILD/bsockctl" import authbind "$a"
}
import >"$T/bsock"
is "not all can be said" $? 1

is "the rules" "$(grep -v '^#' "$T/bsock" | grep tcp)" \
    "$name AF_INET SOCK_STREAM tcp 600 0.0.0.0
$name AF_INET6 SOCK_STREAM tcp 600 ::
$name AF_INET SOCK_STREAM tcp 80 0.0.0.0
$name AF_INET6 SOCK_STREAM tcp 80 ::
$name AF_INET SOCK_STREAM tcp 25 127.0.0.1
$name AF_INET SOCK_STREAM tcp 26 127.0.0.1
4000000000 AF_INET SOCK_STREAM tcp 53 127.0.0.1
4000000000 AF_INET SOCK_STREAM tcp 54 10.0.0.1
4000000000 AF_INET SOCK_STREAM tcp 55 10.0.0.1
4000000000 AF_INET SOCK_STREAM tcp 56 10.0.0.2
4000000000 AF_INET SOCK_STREAM tcp 57 10.0.0.2
4000000000 AF_INET6 SOCK_STREAM tcp 443 ::
4000000000 AF_INET SOCK_STREAM tcp 58 127.0.0.1"
is "UDP the same" "$(grep -c '^[^#].*udp' "$T/bsock")" 13
left_out=$(grep '^#' "$T/bsock")
like "a port's single addresses" "$left_out" "byport/80: single addresses"
like "a name that authbind ignores" "$left_out" "byport/601: not a port"
like "what byport has decided" "$left_out" "byaddr/::1,80: byport decides"
like "a network" "$left_out" "10.0.0.0/8,70: more than one address"
like "many ports" "$left_out" "0.0.0.0/0,1-400: too many ports"
like "a line that is too long" "$left_out" "the line is too long"
like "what is no line" "$left_out" "nonsense: authbind does not understand"
chmod 644 "$T/bsock"
ok "it is a config file" "$BUILD/bsock" -t -c "$T/bsock" -r "$T/none"

rm -r "$a/byport" "$a/byaddr"
echo 127.0.0.1,53 >"$a/byuid/4000000000"
ok "all can be said" import
a=$T/nothing
import 2>/dev/null
is "no such directory" $? 2

finish
