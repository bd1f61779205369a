#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need python3

lines() {
	n=1
	while [ $n -le "$1" ]; do
		echo "AF_INET SOCK_STREAM tcp $n 127.0.0.1"
		n=$((n + 1))
	done
}
rules "$SVC AF_INET SOCK_STREAM tcp 1 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 2 127.0.0.1"
lines 2 >"$T/bsock.resvaddr"
daemon_start || exit 1

listens() {
	[ "$(ss -Hlnt "sport = :$1" | awk '{ print $2 }')" = "$2" ]
}

# Somebody with the privilege of the daemon tries to bind past it.
taken() {
	! timeout 5 "$B/ask" -k -R "AF_INET SOCK_STREAM tcp $1 127.0.0.1" \
	    >/dev/null
}

is "a claim of the first" \
    "$(svc "$B/ask" -l 50 "AF_INET SOCK_STREAM tcp 1 127.0.0.1")" 0
"$B/load" -c 7 -n 1 -t 60000 echo 127.0.0.1 1 >"$T/load" &
LOAD=$!
started $LOAD
ok "connections wait in its queue" eventually listens 1 7
inode=$(ss -Hlnte 'sport = :1' | sed 's/.*ino:\([0-9]*\).*/\1/')

lines 1000 >"$T/bsock.resvaddr"
daemon_reload
ok "a thousand addresses are taken" logged '1000 reserved addresses'
ok "the last of them" taken 1000
ok "none was refused" test -z "$(grep 'cannot reserve' "$T/log")"
ok "the queue of an unchanged one is still there" listens 1 7

lines 1 >"$T/bsock.resvaddr"
daemon_reload
not_ok "lines that are gone are free at once" taken 1000
not_ok "every one of them" taken 2
ok "the queue is still there" listens 1 7

lines 2 >"$T/bsock.resvaddr"
daemon_reload
ok "a line that comes back is taken again" taken 2
is "and can be claimed" \
    "$(svc "$B/ask" "AF_INET SOCK_STREAM tcp 2 127.0.0.1")" 0
is "the socket is the same all the time" \
    "$(ss -Hlnte 'sport = :1' | sed 's/.*ino:\([0-9]*\).*/\1/')" "$inode"

# A file that is missing or wrong releases nothing.
mv "$T/bsock.resvaddr" "$T/away"
daemon_reload
ok "without the file nothing is released" taken 2
echo "nonsense" >"$T/bsock.resvaddr"
daemon_reload
ok "nor with a wrong one" taken 2
mv "$T/away" "$T/bsock.resvaddr"

# What somebody else has is taken when they let go of it.
"$B/ask" -k -l 5 -w "AF_INET SOCK_STREAM tcp 3 127.0.0.1" >"$T/other" &
BEFORE=$!
started $BEFORE
eventually grep -q . "$T/other"
lines 3 >"$T/bsock.resvaddr"
daemon_reload
ok "an address that is in use is reported" \
    logged 'cannot reserve .*tcp 3 .*in use'
stop $BEFORE
ok "and taken when it is free" logged 'reserved .*tcp 3 .* at last'

# Connections of a server from before bsock linger on the port.
cat >"$T/before.py" <<'PY'
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 5))
s.listen(5)
c = socket.create_connection(("127.0.0.1", 5))
a, _ = s.accept()
s.close()
print("ready", flush=True)
sys.stdin.read()
PY
mkfifo "$T/in"
python3 "$T/before.py" <"$T/in" >"$T/before" &
started $!
exec 7>"$T/in"
eventually grep -q ready "$T/before"
echo "AF_INET SOCK_STREAM tcp 5 127.0.0.1" >>"$T/bsock.resvaddr"
echo "$SVC AF_INET SOCK_STREAM tcp 5 127.0.0.1" >>"$T/bsock"
daemon_reload
ok "lingering connections: taken, with a warning" \
    logged '^<4>.*tcp 5 .*SO_REUSEADDR'
ok "nobody else gets it" taken 5
is "and it can be claimed" \
    "$(svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp 5 127.0.0.1")" 0
exec 7>&-

# An address that is not there yet is taken all the same.
echo "AF_INET SOCK_STREAM tcp 4 192.0.2.7" >>"$T/bsock.resvaddr"
echo "AF_INET6 SOCK_STREAM tcp 4 2001:db8::7" >>"$T/bsock.resvaddr"
echo "AF_INET SOCK_DGRAM udp 4 192.0.2.7" >>"$T/bsock.resvaddr"
echo "$SVC AF_INET SOCK_STREAM tcp 4 192.0.2.7" >>"$T/bsock"
echo "$SVC AF_INET SOCK_DGRAM udp 4 192.0.2.7" >>"$T/bsock"
daemon_reload
not_ok "an interface that is not up is no obstacle" \
    grep 'cannot reserve .*192.0.2.7' "$T/log"
is "its address can be claimed" \
    "$(svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp 4 192.0.2.7")" 0
ip addr add 192.0.2.7/32 dev lo 2>/dev/null &&
	ok "and serves once it is there" python3 -c '
import socket
socket.create_connection(("192.0.2.7", 4), 5)'
finish
