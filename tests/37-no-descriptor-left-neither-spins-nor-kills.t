#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"
need prlimit

{
	for uid in nobody $(seq 70001 70014); do
		echo "$uid AF_INET SOCK_STREAM tcp 80 127.0.0.1"
	done
} >"$T/bsock"
daemon_start || exit 1
# 65536, or what the hard limit allows.
HARD=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
[ "$HARD" -le 65536 ] || HARD=65536
like "the limit is high" "$(cat "/proc/$DAEMON/limits")" \
    "^Max open files +$HARD +$HARD |^Max open files +65536 +65536 "

served() {
	client "print(ask(tcp(80, '127.0.0.1')))"
}
# 14 users hold 60 silent connections each while CODE runs.
crowd() {
	PYTHONPATH=$TESTS/lib "$PYTHON" -B -c "
from client import *
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
conns = []
for uid in range(70001, 70015):
    os.seteuid(0)
    os.seteuid(uid)
    conns += [connect() for _ in range(60)]
print('crowded', flush=True)
wait_for(lambda: os.path.exists('$T/over'))
" >"$T/crowd" 2>&1 &
	CROWD=$!
	started $CROWD
	eventually grep -q crowded "$T/crowd"
}

# Descriptors beyond FD_SETSIZE (what they are then, is no matter).
crowd
is "840 wait, one is served" "$(served)" "0 +fd"
touch "$T/over"
wait $CROWD
rm "$T/over"

prlimit --pid "$DAEMON" --nofile=100:100
ticks() {
	awk '{ print $14 + $15 }' "/proc/$DAEMON/stat"
}
crowd
before=$(ticks)
answer=$(served)
like "none left: the answer is EAGAIN, or what was asked for" "$answer" \
    '^(EAGAIN|0 \+fd)$'
sleep 0.5
ok "it does not spin" [ $(($(ticks) - before)) -lt 25 ]
touch "$T/over"
wait $CROWD
serves_again() {
	[ "$(served)" = "0 +fd" ]
}
ok "then it serves again" eventually serves_again
not_ok "it lives" gone "$DAEMON"
finish
