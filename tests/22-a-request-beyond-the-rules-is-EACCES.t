#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET6 SOCK_DGRAM udp $PORT ::ffff:127.0.0.2" \
    "$SVC_UID AF_INET6 SOCK_STREAM tcp $PORT ::1" \
    "$SVC_UID AF_UNIX SOCK_DGRAM 0 0 @bsock-test"
daemon_start || exit 1

# Every difference counts.
client "
def text(line):
    print(ask(line), line)
text('AF_INET SOCK_STREAM tcp $((PORT + 1)) 127.0.0.1')
text('AF_INET SOCK_STREAM tcp 0 127.0.0.1')
text('AF_INET SOCK_STREAM tcp $PORT 0.0.0.0')
text('AF_INET SOCK_STREAM tcp $PORT 127.0.0.2')
text('AF_INET SOCK_DGRAM udp $PORT 127.0.0.1')
text('AF_INET SOCK_STREAM sctp $PORT 127.0.0.1')
text('AF_INET6 SOCK_STREAM tcp $PORT ::')
text('AF_INET6 SOCK_STREAM tcp $PORT ::ffff:127.0.0.3')
text('AF_INET6 SOCK_STREAM tcp $PORT fe80::1%1')
text('AF_INET SOCK_DGRAM udplite $PORT 127.0.0.2')
text('AF_UNIX SOCK_STREAM 0 0 @bsock-test')
text('AF_UNIX SOCK_DGRAM 0 0 @bsock-tes')
text('AF_UNIX SOCK_DGRAM 0 0 @bsock-testt')
text('AF_UNIX SOCK_DGRAM 0 0 /bsock-test')
" >"$T/out" 2>&1
is "fourteen were asked" "$(wc -l <"$T/out")" 14
while read -r line; do
	like "$line" "$line" '^EACCES '
done <"$T/out"
logged 'deny uid=[0-9]+ pid=[0-9]+ addr="AF_INET SOCK_STREAM tcp 80[0-9]* 0.0.0.0" reason=no-rule '

# One address in two spellings.
asks() {
	client "print(ask('$1'))"
}
is "v4-mapped has the IPv4 rule" \
    "$(asks "AF_INET6 SOCK_STREAM tcp $PORT ::ffff:127.0.0.1")" "0 +fd"
is "a v4-mapped line is the IPv4 rule" \
    "$(asks "AF_INET SOCK_DGRAM udp $PORT 127.0.0.2")" "0 +fd"
if client "socket.socket(AF_INET, SOCK_STREAM, 262)" 2>/dev/null; then
	is "MPTCP has TCP's rule" "$(client "
a = ask('AF_INET SOCK_STREAM mptcp $PORT 127.0.0.1')
print(str(a), a.socket().proto)")" "0 +fd 262"
	is "and the socket may be TCP or MPTCP as it asked" "$(client "
s = socket.socket(AF_INET, SOCK_STREAM, 262)
print(ask(tcp($PORT, '127.0.0.1', proto=262), s))
print(ask(tcp($PORT, '127.0.0.1'), s))" | paste -sd ' ')" "0 EINVAL"
fi

# With the daemon's own word for what it does not serve.
client "
print(ask(binary(family=NETLINK, sa=sa_in($PORT))), 'EAFNOSUPPORT')
print(ask(binary(family=-1, sa=sa_in($PORT))), 'EAFNOSUPPORT')
print(ask(tcp($PORT, socktype=socket.SOCK_RAW)), 'ESOCKTNOSUPPORT')
print(ask(tcp($PORT, socktype=SOCK_STREAM | socket.SOCK_CLOEXEC)),
    'ESOCKTNOSUPPORT')
print(ask(tcp($PORT, proto=IPPROTO_UDP)), 'EPROTONOSUPPORT')
print(ask(tcp($PORT, proto=-1)), 'EPROTONOSUPPORT')
print(ask(tcp($PORT, proto=65542)), 'EPROTONOSUPPORT')
print(ask(binary(sa=sa_in($PORT, family=NETLINK))), 'EINVAL')
print(ask(binary(sa=sa_in($PORT, family=0))), 'EINVAL')
print(ask(binary(family=AF_INET6, sa=sa_in($PORT).ljust(28))), 'EINVAL')
print(ask(binary(family=AF_UNIX, proto=0, sa=sa_un('x'))), 'EINVAL')
print(ask(binary(family=AF_UNIX, proto=0, sa=sa_un('', 2))), 'EINVAL')
" >"$T/out" 2>&1
is "not a kind that is served" \
    "$(awk '$1 != $2 || NF != 2' "$T/out")" ""
is "kinds that were asked for" "$(wc -l <"$T/out")" 12
finish
