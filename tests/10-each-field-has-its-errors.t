#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

: >"$T/empty"
# The column and the reason for a file of one line (a printf format).
check() {
	# shellcheck disable=SC2059
	printf "$1" >"$T/bsock"
	"$BUILD/bsock" -t -c "$T/bsock" -r "$T/empty" 2>&1
	echo "exit $?"
}

name() {
	printf '"%.60s"' "$1" | tr -d '\\'
}

# bad COLUMN REASON LINE
bad() {
	out=$(check "$3")
	like "$(name "$3") ($2)" "$out" "^$T/bsock:1:$1: .*$2"
	like "... and fails" "$out" '^exit 1$'
}

good() {
	is "$(name "$1")" "$(check "$1" | grep -v ': warning: ')" "exit 0"
}

good '\n\n# comment\n \t# comment\n   \n'
good '0 AF_INET SOCK_STREAM tcp 80 0.0.0.0'
good ' \t0\tAF_INET  SOCK_STREAM tcp 80 0.0.0.0 \t\n'
for family in AF_INET PF_INET; do
	good "4294967294 $family SOCK_DGRAM udp 65535 255.255.255.255"
done
for family in AF_INET6 PF_INET6; do
	good "@4294967294 $family SOCK_DGRAM 17 0 ::"
done
for family in AF_UNIX PF_UNIX AF_LOCAL PF_LOCAL; do
	good "0 $family SOCK_SEQPACKET 0 0 /run/x"
done
good '0 AF_INET SOCK_SEQPACKET sctp 80 127.0.0.1'
good '0 AF_INET SOCK_STREAM sctp 80 127.0.0.1'
good '0 AF_INET SOCK_DCCP dccp 80 127.0.0.1'
good '0 AF_INET SOCK_RDM 511 80 127.0.0.1'
good '0 AF_INET SOCK_DGRAM udplite 80 127.0.0.1'
good '0 AF_INET SOCK_STREAM mptcp 80 127.0.0.1'
good '0 AF_INET SOCK_STREAM 0 80 127.0.0.1'
good '0 AF_INET6 SOCK_STREAM tcp 80 fe80::1%%1'
good '0 AF_INET6 SOCK_STREAM tcp 80 ::ffff:127.0.0.1'
good '0 AF_UNIX SOCK_STREAM 0 0 @name'
good "0 AF_UNIX SOCK_STREAM 0 0 /$(printf 'a%.0s' $(seq 106))"
good "0 AF_UNIX SOCK_STREAM 0 0 @$(printf 'a%.0s' $(seq 107))"

bad 1 'not in 0\.\.4294967294' '4294967295 AF_INET SOCK_STREAM tcp 80 ::'
bad 1 'not in 0' '99999999999999999999 AF_INET SOCK_STREAM tcp 80 0.0.0.0'
bad 1 'not in 0' '@4294967295 AF_INET SOCK_STREAM tcp 80 0.0.0.0'
bad 1 'group name' '@ AF_INET SOCK_STREAM tcp 80 0.0.0.0'
bad 3 'write AF_INET' '0 inet SOCK_STREAM tcp 80 0.0.0.0'
bad 3 'unknown family' '0 AF_NETLINK SOCK_STREAM tcp 80 0.0.0.0'
bad 11 'write SOCK_STREAM' '0 AF_INET stream tcp 80 0.0.0.0'
bad 11 'CAP_NET_RAW' '0 AF_INET SOCK_RAW 1 0 0.0.0.0'
bad 11 'CAP_NET_RAW' '0 AF_INET SOCK_PACKET 1 0 0.0.0.0'
bad 23 'write tcp' '0 AF_INET SOCK_STREAM Tcp 80 0.0.0.0'
bad 23 'does not go' '0 AF_INET SOCK_STREAM udp 80 0.0.0.0'
bad 23 'above' '0 AF_INET SOCK_STREAM 512 80 0.0.0.0'
bad 23 'no usual' '0 AF_INET SOCK_RDM    0 80 0.0.0.0'
bad 23 'AF_UNIX is 0' '0 AF_UNIX SOCK_STREAM 1 0 /run/x'
for port in 65536 99999 4294967376 99999999999999999999; do
	bad 27 'not in 0\.\.65535' "0 AF_INET SOCK_STREAM tcp $port 0.0.0.0"
done
bad 27 'no ranges' '0 AF_INET SOCK_STREAM tcp 80-90 0.0.0.0'
bad 27 'unknown service' '0 AF_INET SOCK_STREAM tcp -1 0.0.0.0'
bad 25 'AF_UNIX is 0' '0 AF_UNIX SOCK_STREAM 0 1 /run/x'
for address in localhost example.com 127.1 0x7f.0.0.1 010.0.0.1 1.2.3.4.5 \
    1.2.3.256 0.0.0.0%%1; do
	bad 30 'not a numeric IPv4' "0 AF_INET SOCK_STREAM tcp 80 $address"
done
bad 30 'no networks' '0 AF_INET SOCK_STREAM tcp 80 10.0.0.0/8'
bad 30 '0\.0\.0\.0' '0 AF_INET SOCK_STREAM tcp 80 *'
bad 30 'is AF_INET6' '0 AF_INET SOCK_STREAM tcp 80 ::1'
bad 31 'is AF_INET ' '0 AF_INET6 SOCK_STREAM tcp 80 127.0.0.1'
bad 31 'is ::' '0 AF_INET6 SOCK_STREAM tcp 80 *'
bad 31 'numeric IPv6' '0 AF_INET6 SOCK_STREAM tcp 80 ip6-localhost'
bad 31 'link-local' '0 AF_INET6 SOCK_STREAM tcp 80 ::1%%1'
bad 39 'interface' '0 AF_INET6 SOCK_STREAM tcp 80 fe80::1%%0'
bad 27 'neither' '0 AF_UNIX SOCK_STREAM 0 0 run/x'
bad 27 'longer than 107' "0 AF_UNIX SOCK_STREAM 0 0 /$(printf 'a%.0s' \
    $(seq 107))"
bad 27 '1 to 107' "0 AF_UNIX SOCK_STREAM 0 0 @$(printf 'a%.0s' $(seq 108))"
bad 27 '1 to 107' '0 AF_UNIX SOCK_STREAM 0 0 @'
bad 27 'not canonical' '0 AF_UNIX SOCK_STREAM 0 0 /run/../etc/x'
bad 27 'not canonical' '0 AF_UNIX SOCK_STREAM 0 0 /run//x'
bad 27 'not canonical' '0 AF_UNIX SOCK_STREAM 0 0 /run/'
bad 29 '1 fields missing' '0 AF_INET SOCK_STREAM tcp 80'
bad 38 '1 fields too many' '0 AF_INET SOCK_STREAM tcp 80 0.0.0.0 x'
bad 38 'line of its own' '0 AF_INET SOCK_STREAM tcp 80 0.0.0.0 # web'
bad 37 'carriage' '0 AF_INET SOCK_STREAM tcp 80 0.0.0.0\r\n'
bad 6 'NUL' '# com\000ment\n'
bad 513 'longer than 512' "#$(printf 'a%.0s' $(seq 512))"
good "#$(printf 'a%.0s' $(seq 511))"

printf '0 AF_INET SOCK_STREAM tcp 0 0.0.0.0\n' >"$T/bsock.resvaddr"
sed -i 's/^0 //' "$T/bsock.resvaddr"
like "port 0 is nothing to reserve" "$("$BUILD/bsock" -t -c "$T/empty" \
    -r "$T/bsock.resvaddr" 2>&1)" "bsock.resvaddr:1:25: port 0 cannot"
printf 'nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0\n' >"$T/bsock.resvaddr"
like "a reservation has no user" "$("$BUILD/bsock" -t -c "$T/empty" \
    -r "$T/bsock.resvaddr" 2>&1)" "bsock.resvaddr:1:"

printf '0 AF_INET SOCK_STREAM tcp 80 0.0.0.0\n%s\n%s\n' \
    '0 AF_INET6 SOCK_STREAM mptcp 80 ::ffff:0.0.0.0' \
    '@0 AF_INET SOCK_STREAM tcp 80 0.0.0.0' >"$T/bsock"
out=$("$BUILD/bsock" -t -c "$T/bsock" -r "$T/empty" 2>&1)
is "a warning alone: exit status 0" $? 0
like "the same twice is a warning" "$out" ":2:1: warning: the same as line 1"
is "... and the only one" "$(echo "$out" | wc -l)" 1
finish
