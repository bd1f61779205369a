#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET6 SOCK_STREAM tcp $PORT ::1" \
    "$SVC_UID AF_UNIX SOCK_STREAM 0 0 @bsock-test"
daemon_start || exit 1

client "
import itertools
V4, V6 = sa_in($PORT, '127.0.0.1'), sa_in6($PORT, '::1')
UN = sa_un('\0bsock-test', 2 + 1 + 10)
def show(what, request):
    print(what, ask(request))
def both(what, **kind):
    show(what + ' 64', binary(**kind))
    show(what + ' 32', binary(ignored=bytes(12), **kind))
both('inet', sa=V4)
both('inet6', family=AF_INET6, sa=V6)
both('unix', family=AF_UNIX, proto=0, sa=UN)
both('storage', sa=V4.ljust(128, b'\xff'))
both('storage6', family=AF_INET6, sa=V6.ljust(128, b'\xff'))
both('un110', family=AF_UNIX, proto=0, sa=UN.ljust(110, b'\0'))
both('old flags', sa=V4, flags=0x3fffffff)
show('pointers', binary(sa=V4, ignored=b'\xa5' * 28))
show('padding', tcp($PORT, '127.0.0.1')[:-8] + b'\xff' * 8)
both('proto 0', sa=V4, proto=0)
" >"$T/out" 2>&1
while read -r line; do
	case $line in
	un110*) like "$line" "$line" 'EACCES' ;; # another name: it has NULs
	*) like "$line" "$line" ' 0 \+fd$' ;;
	esac
done <"$T/out"
is "all were asked" "$(wc -l <"$T/out")" 18

client "
V4 = sa_in($PORT, '127.0.0.1')
def show(request):
    print(ask(request))
good = binary(sa=V4)
for n in range(1, len(good)):
    if n not in (40 + 16,):
        show(good[:n])              # cut anywhere
for more in (1, 2, 16, 300):
    show(good + bytes(more))        # bytes after the end
for n in (0, 1, 2, 8, 15, 17, 28, 110, 127, 129, 2**31, 2**32 - 1):
    show(binary(sa=V4, n=n))        # a wrong length
for size in (0, 1, 2, 8, 15, 17, 27, 28, 110, 127, 129):
    show(binary(sa=V4.ljust(size, b'\0')[:size]))
for i in range(8):
    show(binary(sa=V4, version=bytes(i) + b'\1' + bytes(7 - i)))
" | sort | uniq -c >"$T/out"
is "whatever else is EINVAL" "$(awk '{ print $2, $3 }' "$T/out")" "EINVAL "

is "service goes on" \
    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
finish
