#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

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

# honest_answers WHEN [SILENT]: a client's question is answered, with its socket
# or with EAGAIN, beside so many connections of its own that say nothing.
honest_answers() {
	client "
silent = [connect() for _ in range(${2:-0})]
time.sleep(0.01)
for _ in range(40):
    mine = socket.socket()
    answer = ask(tcp(81, '127.0.0.1'), mine)
    print(answer, mine.getsockname()[1] != 0)
    mine.close()
    # Another port: the daemon may close its copy after the client does.
    print(ask(tcp(91, '127.0.0.1')), 'made')
" >"$T/raw" 2>&1
	is "$1: all questions are answered" "$(wc -l <"$T/raw")" 80
	is "$1: with a socket or EAGAIN, and then with nothing bound" \
	    "$(grep -vxE '0 True|EAGAIN False|0 \+fd made|EAGAIN made' \
		"$T/raw")" ""
	diag "$(sort "$T/raw" | uniq -c)"
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
for n in 1 2 3 4 5 6; do
	echo "nobody AF_INET SOCK_STREAM tcp $((90 + n)) 127.0.0.1"
done >>"$T/bsock"
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
honest_answers "while there is none"
# The library asks again for as long as a call may take (5 s).
for n in 1 2 3 4 5 6; do
	svc_start "$B/ask" "AF_INET SOCK_STREAM tcp $((90 + n)) 127.0.0.1" \
	    >"$T/asks.$n"
	sleep 0.1
done
stop $CROWD
all_have() {
	[ "$(cat "$T"/asks.? | xargs)" = "0 0 0 0 0 0" ]
}
ok "each that asked meanwhile has it in time" eventually all_have
ok "no descriptor is lost" eventually has_descriptors "$before"
# Room for a connection, but not for what comes with it, nor for spare ones,
# and so on: the other numbers are taken by connections that say nothing.
prlimit --pid "$DAEMON" --nofile=64:
for room in 0 1 2 3 4 5 6 7; do
	free=0 number=0
	while [ $number -lt 64 ]; do
		[ -e "/proc/$DAEMON/fd/$number" ] || free=$((free + 1))
		number=$((number + 1))
	done
	honest_answers "room for $room" $((free - room))
	eventually has_descriptors "$before"
done
prlimit --pid "$DAEMON" --nofile=$((before + 5)):
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
