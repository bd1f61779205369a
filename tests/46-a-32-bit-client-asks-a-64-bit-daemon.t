#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need make cc

[ "$(getconf LONG_BIT)" = 64 ] || skip_all "not a 64-bit system"
echo 'int main(void) { return 0; }' >"$T/main.c"
cc -m32 -o "$T/main" "$T/main.c" 2>/dev/null && "$T/main" ||
	skip_all "cc -m32 makes no program (gcc-multilib)"

m32=$T/m32
ok "the client is built for 32 bits" make -s -C "$TOP" CC="cc -m32" SAN= \
    O="$m32" "$m32/libbsock.so.0" "$m32/tests/prog/ask" \
    "$m32/libbsock_preload.so"
like "it is one" "$(od -An -tx1 -N5 "$m32/tests/prog/ask")" "7f 45 4c 46 01"

tcp="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
udp="AF_INET6 SOCK_DGRAM udp 53 ::1"
unix="AF_UNIX SOCK_STREAM 0 0 @bsock-test-32-$$"
kept="AF_INET SOCK_STREAM tcp 81 127.0.0.1"
rules "$SVC $tcp" "$SVC $udp" "$SVC $unix" "$SVC $kept"
reserve "$kept"
daemon_start || exit 1

for line in "$tcp" "$udp" "$unix" "$kept"; do
	is "bsock_bind_addrinfo" "$(svc "$m32/tests/prog/ask" -a "$line")" \
	    "0 $line"
	is "bsock_socket_addrinfo" "$(svc "$m32/tests/prog/ask" -sa "$line")" \
	    "0 $line"
done
is "no rule" "$(svc "$m32/tests/prog/ask" \
    "AF_INET SOCK_STREAM tcp 82 127.0.0.1")" EACCES
for line in "$tcp" "$udp" "$kept"; do
	is "under a 32-bit shim" "$(svc env \
	    LD_PRELOAD="$m32/libbsock_preload.so" "$m32/tests/prog/ask" -ka \
	    "$line")" "0 $line"
done

finish
