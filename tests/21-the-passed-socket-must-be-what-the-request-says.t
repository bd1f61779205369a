#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

# Every kind is allowed: it is the descriptor that is refused.
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_DGRAM udp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET6 SOCK_STREAM tcp $PORT ::1"
daemon_start || exit 1

descriptors() {
	find "/proc/$DAEMON/fd" -mindepth 1 | wc -l
}
BEFORE=$(descriptors)

client "
TCP, UDP = tcp($PORT, '127.0.0.1'), binary(
    socktype=SOCK_DGRAM, proto=IPPROTO_UDP, sa=sa_in($PORT, '127.0.0.1'))
def new(*kind):
    return socket.socket(*kind)
stream, dgram = new(AF_INET, SOCK_STREAM), new(AF_INET, SOCK_DGRAM)
print(ask(TCP, dgram), 'udp for tcp')
print(ask(UDP, stream), 'tcp for udp')
print(ask(TCP, new(AF_INET6, SOCK_STREAM)), 'inet6 for inet')
print(ask(TCP, new(AF_UNIX, SOCK_STREAM)), 'unix for inet')
print(ask(TCP, new(NETLINK, SOCK_DGRAM, 0)), 'netlink for inet')
try:
    print(ask(UDP, new(AF_INET, SOCK_DGRAM, 136)), 'udplite for udp')
except OSError:
    print('EINVAL', 'udplite for udp: there is none here')
bound = new(AF_INET, SOCK_STREAM)
bound.bind(('127.0.0.1', 0))
print(ask(TCP, bound), 'bound')
listening = new(AF_INET, SOCK_STREAM)
listening.listen()
print(ask(TCP, listening), 'listening')
mate = new(AF_INET, SOCK_STREAM)
mate.connect(('127.0.0.1', listening.getsockname()[1]))
print(ask(TCP, mate), 'connected')
" >"$T/out" 2>&1
is "nine were asked" "$(wc -l <"$T/out")" 9
while read -r line; do
	like "$line" "$line" '^EINVAL '
done <"$T/out"

client "
TCP = tcp($PORT, '127.0.0.1')
print(ask(TCP, os.open('/dev/null', os.O_RDWR)), 'a device')
print(ask(TCP, os.open('/', os.O_RDONLY)), 'a directory')
print(ask(TCP, os.open('/', os.O_PATH)), 'O_PATH')
print(ask(TCP, os.pipe()[0]), 'a pipe')
print(ask(TCP, os.memfd_create('x')), 'a memfd')
" >"$T/out" 2>&1
is "five were asked" "$(wc -l <"$T/out")" 5
while read -r line; do
	like "$line" "$line" '^ENOTSOCK '
done <"$T/out"

is "the right socket is bound" "$(client "
s = socket.socket()
print(ask(tcp($PORT, '127.0.0.1'), s), s.getsockname()[1])")" "0 $PORT"
is "no option of it is changed" "$(client "
s = socket.socket()
ask(tcp($PORT, '127.0.0.1'), s)
print(s.getsockopt(SOL_SOCKET, SO_REUSEADDR), s.getsockopt(SOL_SOCKET,
    socket.SO_REUSEPORT), s.getblocking())")" "0 0 True"
is "two sockets: one is bound, and neither stays" "$(client "
a, b = socket.socket(), socket.socket()
print(ask(tcp($PORT, '127.0.0.1'), a, b), a.getsockname()[1],
    b.getsockname()[1])
a.close()
print(ask(tcp($PORT, '127.0.0.1'), b))" | paste -sd ' ')" "0 $PORT 0 0"
# Those that the kernel dropped, or that were refused, are gone too.
is "no descriptor is left in the daemon" "$(descriptors)" "$BEFORE"
finish
