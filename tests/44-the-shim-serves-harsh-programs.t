#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

for port in 80 81 82 83 84 85 86 87; do
	echo "$SVC AF_INET SOCK_STREAM tcp $port 127.0.0.1"
done >"$T/bsock"
daemon_start || exit 1

harsh() {
	shim "$B/harsh" "$1" 80 2>&1
}

is "alone it may not" "$(svc "$B/harsh" closed 80)" EACCES
is "one that closes every descriptor" "$(harsh closed)" 0
is "one with a single descriptor left" "$(harsh limited)" 0
is "one with none left sees its own bind's errno" "$(harsh full)" EACCES
is "one that clears its environment in place" "$(harsh environ)" 0
is "a child" "$(harsh fork)" 0
is "a child that shares memory" "$(harsh vfork)" 0
is "a signal handler" "$(harsh handler)" 0
is "8 threads" "$(harsh threads)" 64
is "a storm of signals" "$(harsh signals)" 100

# A program in a chroot needs the socket in there.
[ "$TIER" != root ] || {
	cd "$T/run" || exit 1
	is "one in a chroot" "$(BSOCK_SOCKET=/socket
	    export BSOCK_SOCKET; shim_here "$B/harsh" chroot 80)" 0
	is "one without the socket" "$(shim_here "$B/harsh" chroot 80)" EACCES
}

finish
