#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

tcp4="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
tcp6="AF_INET6 SOCK_STREAM tcp 80 ::1"
udp4="AF_INET SOCK_DGRAM udp 53 127.0.0.1"
mptcp="AF_INET SOCK_STREAM mptcp 81 127.0.0.1"
rules "$SVC $tcp4" "$SVC $tcp6" "$SVC $udp4" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1"
daemon_start || exit 1

ask() {
	svc "$B/ask" "$@"
}

for line in "$tcp4" "$tcp6" "$udp4" "$mptcp"; do
	is "bind(2) may not: $line" "$(ask -k "$line")" EACCES
	is "bsock_bind_addrinfo" "$(ask -a "$line")" "0 $line"
	is "bsock_bind" "$(ask -ba "$line")" "0 $line"
	is "bsock_socket_addrinfo" "$(ask -sa "$line")" "0 $line"
done
is "no rule: EACCES" "$(ask "AF_INET SOCK_STREAM tcp 82 127.0.0.1")" EACCES
is "the same for a made socket" \
    "$(ask -s "AF_INET SOCK_STREAM tcp 82 127.0.0.1")" EACCES

# What bind(2) says is what the client hears.
svc_start "$B/ask" -l 1 -e held "$tcp4" >"$T/out"
ok "a server" eventually grep -q 0 "$T/out"
is "it answers" "$("$B/talk" 127.0.0.1 80)" held
is "EADDRINUSE stays EADDRINUSE" "$(ask "$tcp4")" EADDRINUSE
is "for a made socket too" "$(ask -s "$tcp4")" EADDRINUSE
is "a rebind of what is not reserved changes nothing" "$(ask -r "$tcp4")" \
    EADDRINUSE
is "no socket is root's" "$(root_listeners)" ""

finish
