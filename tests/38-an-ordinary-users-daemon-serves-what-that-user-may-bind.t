#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root plain
. "${0%/*}/lib/client.sh"

# Whoever runs this test, or nobody; no capability, high ports.
mkdir "$T/own"
printf '%s\n' "$SVC_UID AF_INET SOCK_STREAM tcp 8081 127.0.0.1" \
    "0 AF_INET SOCK_STREAM tcp 8082 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_STREAM tcp 80 127.0.0.1" >"$T/own/bsock"
: >"$T/own/bsock.resvaddr"
[ "$TIER" = plain ] || chown -R "$SVC" "$T/own"
BSOCK_SOCKET=$T/own/socket
export BSOCK_SOCKET
svc_start "$BUILD/bsock" -d -F -c "$T/own/bsock" -r "$T/own/bsock.resvaddr" \
    -s "$T/own/socket" -m 0666 2>"$T/log"
DAEMON=$!
daemon_ready || exit 1
is "it serves its user" "$(client "
print(ask(tcp(8081, '127.0.0.1')))")" "0 +fd"
is "a port that the user may not bind is what bind says" "$(client "
print(ask(tcp(80, '127.0.0.1')))")" "EACCES"
is "no rule" "$(client "print(ask(tcp(8083, '127.0.0.1')))")" "EACCES"
if [ "$TIER" = root ]; then
	is "root asks for root's own socket: bind it is, and no more" \
	    "$(PYTHONPATH=$TESTS/lib "$PYTHON" -B -c "
from client import *
s = socket.socket()
print(ask(tcp(8082, '127.0.0.1'), s), s.getsockname()[1])")" "0 8082"
	chown daemon "$T/own/bsock"
	daemon_reload
	like "a config of somebody else is refused" "$(cat "$T/log")" \
	    "owner is neither"
fi
stop "$DAEMON"
not_ok "it ends, and removes its socket" [ -e "$T/own/socket" ]
finish
