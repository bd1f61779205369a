#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

# Standard error is a pipe that nobody reads for now.
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
: >"$T/bsock.resvaddr"
mkfifo "$T/fifo"
"$PYTHON" -c "
import time, os
with open('$T/fifo') as f:
    while not os.path.exists('$T/read'):
        time.sleep(0.01)
    for line in f:
        print(line, end='', flush=True)
" >"$T/log" &
READER=$!
started $READER
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET
"$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
    -s "$T/run/socket" -g "$(id -g)" -m 0666 2>"$T/fifo" &
DAEMON=$!
started $DAEMON
answers() {
	[ "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" = "0 +fd" ]
}
ok "it serves" eventually answers
is "3000 grants, with a log that takes a few hundred" "$(client "
print([str(ask(tcp($PORT, '127.0.0.1'))) for _ in range(3000)].count('0 +fd'))
")" 3000
touch "$T/read"
ok "what was lost is counted" logged '^<4>log: [0-9]+ lines were lost$'
stop "$DAEMON"
wait "$READER"
lost=$(sed -n 's/^<4>log: \([0-9]*\) lines.*/\1/p' "$T/log" |
    paste -sd + | sed 's/^$/0/')
is "nothing else is missing" \
    "$(($(grep -c '^<6>grant' "$T/log") + lost))" 3001

# Nor does it matter when the reader is gone.
: >"$T/bsock.resvaddr"
"$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
    -s "$T/run/socket" -g "$(id -g)" -m 0666 2>&1 >/dev/null |
	"$PYTHON" -c "import sys; sys.stdin.readline(); sys.stdin.close()" &
started $!
ok "no reader: it serves" eventually answers
ok "and goes on" answers
eval "$(stat -c 'INODE=%i' "$T/run/socket.lock")"
DAEMON=$(for p in /proc/[0-9]*; do
	find -L "$p/fd" -inum "$INODE" 2>/dev/null | sed 's|/proc/||; s|/.*||'
done | head -n 1)
started "$DAEMON"
stop "$DAEMON"
not_ok "and ends" [ -e "$T/run/socket" ]
finish
