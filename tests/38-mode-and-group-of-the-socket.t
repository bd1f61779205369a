#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

rules "nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "daemon AF_INET SOCK_STREAM tcp 80 127.0.0.1"
serve() {
	daemon_start "$@" || exit 1
}
looks() {
	stat -c '%U:%G %a' "$T/run/socket"
}
serve -g games -m 0660
is "a name" "$(looks)" "root:games 660"
# The library's words come from connect(2), whoever asks.
like "who is not in the group may not connect" \
    "$(client "print(ask(tcp(80, '127.0.0.1')))" 2>&1)" PermissionError
is "who is in it may" "$(PYTHONPATH=$TESTS/lib setpriv --reuid=daemon \
    --regid=games --clear-groups --inh-caps=-all "$PYTHON" -B -c "
from client import *
print(ask(tcp(80, '127.0.0.1')))")" "0 +fd"
daemon_stop
serve -g 60001 -m 600
is "a number" "$(looks)" "root:UNKNOWN 600"
daemon_stop
ok "the lock file is root's" [ "$(stat -c '%U %a' \
    "$T/run/socket.lock")" = "root 600" ]

# From the first moment on nobody gets in who may not: the mode is set before
# the first connection can be made.
if command -v strace >/dev/null 2>&1; then
	strace -f -e trace=bind,listen,chmod,fchmodat,lchown,fchownat \
	    -o "$T/trace" "$BUILD/bsock" -d -F -c "$T/bsock" \
	    -r "$T/bsock.resvaddr" -s "$T/run/socket" -g games -m 0660 \
	    2>>"$T/log" &
	STRACE=$!
	started $STRACE
	eventually [ -S "$T/run/socket" ]
	eventually grep -q listen "$T/trace"
	ok "chown and chmod come before listen" awk -v s="$T/run/socket" '
		/listen\(/ && !listened { listened = NR }
		/chmod/ && index($0, s) { mode = NR }
		/chown/ && index($0, s) { group = NR }
		END { exit !(group && mode && group < mode &&
		    mode < listened) }' "$T/trace"
	kill -TERM "$(pgrep -P "$STRACE")"
	wait "$STRACE"
fi
finish
