#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

# The daemon is root of a user namespace of one uid; every other one looks
# like 65534 to it, and that is nobody's uid too.
unshare -Ur true 2>/dev/null || skip_all "no user namespaces here"
rules "65534 AF_INET SOCK_STREAM tcp 8081 127.0.0.1" \
    "@65534 AF_INET SOCK_STREAM tcp 8082 127.0.0.1" \
    "0 AF_INET SOCK_STREAM tcp 8083 127.0.0.1"
: >"$T/bsock.resvaddr"
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET
unshare -Ur "$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
    -s "$T/run/socket" -g 0 -m 0666 2>"$T/log" &
DAEMON=$!
started $DAEMON
daemon_ready || exit 1
for port in 8081 8082 8083; do
	is "nobody, port $port" \
	    "$(client "print(ask(tcp($port, '127.0.0.1')))")" EACCES
done
logged 'reason=unmapped-uid '
is "root is mapped" "$(PYTHONPATH=$TESTS/lib "$PYTHON" -B -c "
from client import *
print(ask(tcp(8083, '127.0.0.1')))")" "0 +fd"
finish
