#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET6 SOCK_DGRAM udp $PORT ::1" \
    "$SVC_UID AF_UNIX SOCK_STREAM 0 0 @bsock-test"
daemon_start || exit 1

asks() {
	client "print(ask($1))"
}

GOOD="AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
is "five fields" "$(asks "'$GOOD'")" "0 +fd"
is "a newline at the end" "$(asks "'$GOOD\n'")" "0 +fd"
is "half-closed at once" "$(asks "'$GOOD', half_close=True")" "0 +fd"
is "tabs and more blanks" "$(asks "'$GOOD'.replace(' ', ' \t ')")" "0 +fd"
is "numbers for names" \
    "$(asks "'AF_INET SOCK_STREAM 6 $PORT 127.0.0.1'")" "0 +fd"
is "udp" "$(asks "'AF_INET6 SOCK_DGRAM udp $PORT ::1'")" "0 +fd"
is "an abstract name" \
    "$(asks "'AF_UNIX SOCK_STREAM 0 0 @bsock-test'")" "0 +fd"
is "512 bytes" "$(asks "'$GOOD'.replace(' ', ' ' * 50, 1).ljust(512)")" "0 +fd"
is "512 bytes and a newline" "$(asks "'$GOOD'.ljust(512) + '\n'")" "0 +fd"

# Nothing of this is looked up: an answer in no time, and always the same.
client "
GOOD = '$GOOD'
for bad in (
    '', '\n', ' ', 'x', GOOD + '\n\n', GOOD + '\nx', GOOD + ' x',
    GOOD.ljust(513), GOOD.ljust(519), GOOD.ljust(5000), GOOD + '\0',
    '\0' + GOOD, GOOD + '\r\n', 'AF_INET SOCK_STREAM tcp $PORT',
    'AF_INET SOCK_STREAM tcp http 127.0.0.1',
    'AF_INET SOCK_STREAM tcp 65536 127.0.0.1',
    'AF_INET SOCK_STREAM tcp 65616 127.0.0.1',
    'AF_INET SOCK_STREAM tcp -1 127.0.0.1',
    'AF_INET SOCK_STREAM tcp 4294967376 127.0.0.1',
    'AF_INET SOCK_STREAM tcp $PORT localhost',
    'AF_INET SOCK_STREAM tcp $PORT example.com',
    'AF_INET SOCK_STREAM tcp $PORT 127.1',
    'AF_INET SOCK_STREAM tcp $PORT 127.0.0.1/32',
    'AF_INET SOCK_STREAM tcp $PORT ::1',
    'AF_INET SOCK_STREAM tcp 0x50 127.0.0.1',
    'AF_INET SOCK_STREAM TCP $PORT 127.0.0.1',
    'AF_INET SOCK_STREAM ospf $PORT 127.0.0.1',
    'AF_INET SOCK_STREAM udp $PORT 127.0.0.1',
    'AF_INET SOCK_RAW icmp 0 127.0.0.1',
    'AF_INET6 SOCK_STREAM tcp $PORT fe80::1%lo',
    'AF_INET6 SOCK_STREAM tcp $PORT ::1%1',
    'af_inet SOCK_STREAM tcp $PORT 127.0.0.1',
    'AF_NETLINK SOCK_STREAM tcp $PORT 127.0.0.1',
    'AF_UNIX SOCK_STREAM 0 0 relative', 'AF_UNIX SOCK_STREAM 0 0 @',
    'AF_UNIX SOCK_STREAM 0 1 @x', 'AF_UNIX SOCK_STREAM 1 0 @x',
    'AF_UNIX SOCK_STREAM 0 0 /' + 'a' * 107,
    'AF_UNIX SOCK_STREAM 0 0 /tmp/../etc/x', 'STATUS x', 'status'):
    print(ask(bad, half_close=True), repr(bad)[:60])
" | grep -v '^EINVAL ' >"$T/out"
is "whatever else is EINVAL" "$(cat "$T/out")" ""

is "a request is one message: a half is none" "$(client "
conn = connect()
conn.sendall(b'AF_INET SOCK_STREAM ')
print(Answer(conn))")" EINVAL
is "service goes on" "$(asks "'$GOOD'")" "0 +fd"
finish
