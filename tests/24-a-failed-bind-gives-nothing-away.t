#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 192.0.2.1" \
    "$SVC_UID AF_INET6 SOCK_STREAM tcp $PORT ::1" \
    "$SVC_UID AF_INET SOCK_RDM 200 $PORT 127.0.0.1"
daemon_start || exit 1

asks() {
	client "
a = ask($1)
print(a, a.flags)"
}
is "an address that is not here" \
    "$(asks "tcp($PORT, '192.0.2.1')")" "EADDRNOTAVAIL 0"
is "so with a socket of the client's" \
    "$(asks "tcp($PORT, '192.0.2.1'), socket.socket()")" "EADDRNOTAVAIL 0"
is "a refusal" "$(asks "tcp($PORT, '127.0.0.2')")" "EACCES 0"
like "a kind that this kernel has not" \
    "$(asks "'AF_INET SOCK_RDM 200 $PORT 127.0.0.1'")" \
    '^E(SOCK|PROTO)[A-Z]* 0$'
is "EADDRINUSE stays what it is" "$(client "
s = ask(tcp($PORT, '127.0.0.1')).socket()
s.listen()
print(ask(tcp($PORT, '127.0.0.1')))")" "EADDRINUSE"
# IPv4 and IPv6 wildcards and hosts need no route: only lo is up here.
is "IPv6 on a host with loopback alone" \
    "$(asks "binary(family=AF_INET6, sa=sa_in6($PORT, '::1'))")" "0 +fd 0"
finish
