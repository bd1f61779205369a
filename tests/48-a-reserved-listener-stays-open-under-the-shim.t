#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

for port in 80 81 82 83; do
	echo "$SVC AF_INET SOCK_STREAM tcp $port 127.0.0.1"
	echo "$SVC AF_INET SOCK_DGRAM udp $port 127.0.0.1"
done >"$T/bsock"
reserve "AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "AF_INET SOCK_DGRAM udp 80 127.0.0.1" \
    "AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
    "AF_INET SOCK_STREAM tcp 83 127.0.0.1"
daemon_start || exit 1

reserved() {
	shim "$B/listener" "$1" "${2:-80}"
}

plain() {
	shim "$B/listener" "$1" 81
}

for how in rd rdwr dup child unspec; do
	is "reserved: $how does nothing" "$(reserved $how)" "0 listening"
	is "not reserved: $how closes it" "$(plain $how)" "0"
done
is "reserved: a connection can be shut down" "$(reserved accepted)" \
    "0 listening"
is "for writing it means nothing, as ever" "$(reserved wr)" "$(plain wr)"
is "reserved: before listen" "$(reserved bound 82)" "ENOTCONN listening"
is "not reserved: before listen" "$(plain bound)" "ENOTCONN listening"
is "reserved: one that has called out" "$(reserved out 83)" "$(plain out)"
is "reserved: datagrams" "$(reserved udp)" "$(plain udp)"

# The next holder finds it as it should be.
shim_start "$B/ask" -k -l 5 -e "still here" \
    "AF_INET SOCK_STREAM tcp 80 127.0.0.1" >"$T/out"
ok "a server after all that" eventually grep -q 0 "$T/out"
is "serves" "$("$B/talk" 127.0.0.1 80)" "still here"
shim_start "$B/ask" -k -e "datagrams" \
    "AF_INET SOCK_DGRAM udp 80 127.0.0.1" >"$T/out2"
ok "a datagram server" eventually grep -q 0 "$T/out2"
is "serves" "$("$B/talk" -u 127.0.0.1 80 x)" "datagrams"

finish
