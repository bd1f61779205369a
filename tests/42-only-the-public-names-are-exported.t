#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need nm readelf

exported() {
	nm -D --defined-only "$1" | sed -n 's/.* [TWDBVi] //p' | sort | xargs
}

needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
		grep -Ev '^(libc|libpthread|libdl|lib[a-z]*san)\.so|^ld-linux'
}

is "libbsock" "$(exported "$BUILD/libbsock.so.0")" "bsock_addrinfo_format@@BSOCK_0 \
bsock_addrinfo_parse@@BSOCK_0 bsock_bind@@BSOCK_0 \
bsock_bind_addrinfo@@BSOCK_0 bsock_socket_addrinfo@@BSOCK_0"
is "the shim" "$(exported "$BUILD/libbsock_preload.so")" "bind bindresvport \
bindresvport6 bindresvport_sa connect rresvport rresvport_af shutdown"
is "libbsock.a has nothing but bsock_*" "$(nm -g --defined-only \
    "$BUILD/libbsock.a" | sed -n 's/.* [TDBRC] //p' | grep -Ev '^(__odr_asan\.)?bsock_')" ""
is "libbsock needs libc and pthreads" "$(needed "$BUILD/libbsock.so.0")" ""
is "and so does the shim" "$(needed "$BUILD/libbsock_preload.so")" ""
is "no writable and executable memory is asked for" "$(readelf -lW \
    "$BUILD/libbsock.so.0" "$BUILD/libbsock_preload.so" | grep RWE)" ""

finish
