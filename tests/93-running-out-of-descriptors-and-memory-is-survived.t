#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root

nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer needs more address space than there is"

field() {
	sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" /proc/"$DAEMON"/status
}

descriptors() {
	find /proc/"$DAEMON"/fd -type l | wc -l
}

has_descriptors() {
	[ "$(descriptors)" -le "$1" ]
}

# Time on the processors, in ticks.
ticks() {
	awk '{ print $14 + $15 }' /proc/"$DAEMON"/stat
}

# Connections that say nothing, of a user to whom a rule may apply.
crowd() {
	setpriv --reuid=3002 --regid=3002 --clear-groups --inh-caps=-all \
	    "$B/hostile" idle >/dev/null &
	CROWD=$!
	started $CROWD
}

rules "nobody AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
    "nobody AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
    "3002 AF_INET SOCK_STREAM tcp 83 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 82 127.0.0.1"
daemon_start || {
	echo "Bail out! the daemon does not start"
	exit 1
}
ok "it serves" svc "$B/honest" 50 81
before=$(descriptors)

# --- descriptors: room for five more, and a crowd that wants 64 ---
limit=$(prlimit --pid "$DAEMON" --nofile -o SOFT --noheadings | tr -d ' ')
prlimit --pid "$DAEMON" --nofile=$((before + 5)):
crowd
ok "the daemon says that it is full" logged 'reason=busy'
start=$(ticks)
sleep 1
used=$(($(ticks) - start))
ok "it does not spin ($used ticks in a second)" [ $used -lt 70 ]
stop $CROWD
ok "no descriptor is lost" eventually has_descriptors "$before"
ok "it serves afterwards" svc "$B/honest" 50 81
is "a made socket" \
    "$(svc "$B/ask" -s "AF_INET SOCK_STREAM tcp 81 127.0.0.1")" 0
prlimit --pid "$DAEMON" --nofile="$limit":
is "a reserved address" \
    "$(svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1")" 0
before=$(descriptors)

# --- memory: no more than there is already; a reload needs much of it ---
size=$(field VmSize)
prlimit --pid "$DAEMON" --as=$(((size + 64) * 1024)):
i=1024
while [ $i -lt 31000 ]; do
	echo "nobody AF_INET SOCK_STREAM tcp $i 127.0.0.1"
	i=$((i + 1))
done >"$T/bsock"
daemon_reload
like "a reload that has no memory says so" "$(tail -n 5 "$T/log")" \
    'reload failed'
ok "it serves as before" svc "$B/honest" 50 81
is "a reserved address" \
    "$(svc "$B/ask" -l 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1")" 0
prlimit --pid "$DAEMON" --as=unlimited:
rules "nobody AF_INET SOCK_STREAM tcp 84 127.0.0.1" \
    "nobody AF_INET SOCK_STREAM tcp 82 127.0.0.1"
daemon_reload
ok "a reload with memory is taken" svc "$B/honest" 50 84
ok "no descriptor is lost" eventually has_descriptors "$before"
daemon_stop
like "it ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
