#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"
need pgrep

# An empty /dev of our own, in a mount namespace of our own, for a syslog
# that we are.  Nothing of the machine's is mounted anywhere else.
[ "${IN_MOUNTS:-}" = 1 ] || {
	unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
	export IN_MOUNTS=1 TAP_TIER=root
	exec unshare -m --propagation private "$0"
}
mount -t tmpfs none /dev 2>/dev/null || skip_all "no tmpfs here"
[ -z "$(ls -A /dev)" ] || skip_all "/dev is not ours"
mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9 ||
	skip_all "no devices here"

rules "$SVC_UID AF_INET SOCK_STREAM tcp 80 127.0.0.1"
: >"$T/bsock.resvaddr"
: >"$T/log"
syslog_start() {
	"$PYTHON" -c "
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
if os.path.exists('/dev/log'):
    os.unlink('/dev/log')
s.bind('/dev/log')
print('ready', flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
" >>"$T/log" 2>&1 &
	SYSLOG=$!
	started $SYSLOG
	eventually syslog_ready "$1"
}
syslog_ready() {
	[ "$(grep -c '^ready' "$T/log")" = "$1" ]
}
syslog_start 1
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET
"$BUILD/bsock" -d -c "$T/bsock" -r "$T/bsock.resvaddr" -s "$T/run/socket" \
    -g 0 -m 0666 2>"$T/err"
is "it starts" $? 0
DAEMON=$(pgrep -nf "$BUILD/bsock -d -c $T/bsock")
started "$DAEMON"
answer() {
	client "print(ask(tcp(80, '127.0.0.1')))"
}
is "it serves" "$(answer)" "0 +fd"
ok "facility daemon, severity info, its pid" \
    logged "^<30>[A-Z][a-z]+ [ 0-9]+ [0-9:]+ bsock\[$DAEMON\]: grant "
stop "$SYSLOG"
is "it serves without syslog" "$(answer)" "0 +fd"
syslog_start 2
is "and goes on when syslog is back" "$(answer)" "0 +fd"
grants() {
	[ "$(grep -c ': grant ' "$T/log")" = 3 ]
}
ok "nothing is lost" eventually grants
finish
