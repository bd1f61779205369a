#!/bin/sh
# bench.sh - what bsock costs, as a ratio to the least that a broker can do
#
# make bench builds what this needs and runs it.  Everything happens in a
# network namespace of its own; every number of a table comes from the same
# run, rounds of all rows interleaved, and is the median over the rounds.
# Settings (environment):
#	BENCH		which tables, default: all of
#			trips turns rules reload start shim filter resident count
#	BENCH_ROUNDS	rounds, default 9
#	BENCH_MS	ms that each cell is measured in each round, default 120
#	BENCH_CLIENTS	default "1 4 16"
. "${0%/*}/../tests/lib/tap.sh"
tiers root userns plain

: "${BENCH:=trips turns rules reload start shim filter resident count}"
: "${BENCH_ROUNDS:=9}" "${BENCH_MS:=120}" "${BENCH_CLIENTS:=1 4 16}"
LOAD=$BUILD/bench/load
ONCE=$BUILD/bench/once
SUID=$BUILD/bench/suid
SHIM=$BUILD/libbsock_preload.so
BASE=701 RESERVED=801 RELAYED=901
[ "$TIER" != plain ] || BASE=8701 RESERVED=8801 RELAYED=8901
unset BSOCK_SOCKET
ALL=$(taskset -cp $$ | sed 's/.*: //')
FIRST=${ALL%%[,-]*} LAST=${ALL##*[,-]}
# shellcheck source=bench/lib.sh
. "$TOP/bench/lib.sh"

# What an adapter says about each request is no error.
quietly() {
	"$@" 2>>"$T/adapters"
}

# --- round trips ----------------------------------------------------------

# An adapter or bsock-run may not have been built; then its rows are left out.
built() {
	[ -x "$BUILD/$1" ]
}

trips() {
	trips_start
	rounds trips_round
	title "Round trips: us in the place of bind(2); ref = floor"
	table floor
	title "Resident after that, KiB: floor $(rss "$FLOOR")," \
	    "bsock $(rss "$TRIPS")${BINDER:+, socket-binder $(rss "$BINDER")\
}${RELAY:+, portlisten $(rss "$RELAY")}"
}

trips_start() {
	TRIPS_DIR=$T/trips
	mkdir "$TRIPS_DIR"
	{
		real_rules 16 $BASE
		real_rules 16 $RESERVED
		real_rules 1 $RELAYED
	} >"$TRIPS_DIR/bsock"
	real_rules 16 $RESERVED | cut -d' ' -f2- >"$TRIPS_DIR/bsock.resvaddr"
	serve "$TRIPS_DIR"
	TRIPS=$PID
	"$BUILD/bench/floor" "$T/floor" &
	FLOOR=$!
	started $FLOOR
	"$BUILD/bench/floor" -q "$T/asking" &
	ASKING=$!
	started $ASKING
	eventually test -S "$T/floor"
	eventually test -S "$T/asking"
	BINDER=
	[ "$TIER" = plain ] || ! built bsock-socket-binder || trips_binder
	RELAY=
	! built bsock-portlisten || trips_portlisten
	[ "$TIER" != root ] || trips_setuid
}

trips_binder() {
	BSOCK_SOCKET=$TRIPS_DIR/socket svc_start "$BUILD/bsock-socket-binder" \
	    -f "$T/svc/binder" 2>>"$T/adapters"
	BINDER=$!
	eventually test -S "$T/svc/binder"
}

trips_portlisten() {
	BSOCK_SOCKET=$TRIPS_DIR/socket svc_start "$BUILD/bsock-portlisten" \
	    -b 127.0.0.1 $RELAYED "$T/svc/receiver" 2>>"$T/adapters"
	RELAY=$!
}

# The setuid bsock has its paths built in: bench.mk made one for $SUID/root.
trips_setuid() {
	mkdir -p "$SUID/root/sbin" "$SUID/root/etc"
	install -m 4555 "$SUID/bsock" "$SUID/root/sbin/bsock"
	install -m 0644 "$TRIPS_DIR/bsock" "$SUID/root/etc/bsock"
	: >"$SUID/root/etc/bsock.resvaddr"
}

# Where the scheduler puts one client and its daemon is a matter of what ran
# before (bench/README.md): here each has a processor.
trips_round() {
	for n in $BENCH_CLIENTS; do
		timed="-c $n -t $BENCH_MS -p $BASE"
		here=
		if [ "$n" = 1 ]; then
			here="taskset -c $FIRST"
			daemons_on "$LAST"
		fi
		trips_cells
		[ "$n" != 1 ] || daemons_on "$ALL"
	done
}

# daemons_on PROCESSORS: all that have been started so far.
daemons_on() {
	for pid in $FLOOR ${FLOOR2:-} $ASKING $TRIPS ${BINDER:-} ${RELAY:-}; do
		taskset -acp "$1" "$pid" >/dev/null
	done
}

# shellcheck disable=SC2086 # $timed and $here are words
trips_cells() {
	at=BSOCK_SOCKET=$TRIPS_DIR/socket
	cell "own bind(2)" "$n" $here "$LOAD" $timed bind
	cell floor "$n" $here "$LOAD" $timed wire "$T/floor"
	cell "floor, same questions" "$n" $here "$LOAD" $timed wire "$T/asking"
	cell "bsock, library" "$n" svc $here env "$at" "$LOAD" $timed library
	cell "bsock, binary by hand" "$n" svc $here "$LOAD" $timed wire \
	    "$TRIPS_DIR/socket"
	cell "bsock, text by hand" "$n" svc $here "$LOAD" $timed text \
	    "$TRIPS_DIR/socket"
	cell "reserved claim, library" "$n" svc $here env "$at" "$LOAD" $timed \
	    -p $RESERVED library
	# One receiver has all the connections: no more than one client.
	[ -z "$RELAY" ] || [ "$n" != 1 ] || cell "portlisten, accept" 1 svc \
	    $here "$LOAD" -t "$BENCH_MS" -p $RELAYED receiver "$T/svc/receiver"
	[ "$TIER" = plain ] || trips_cells_low
}

# What helps only where the program's own bind fails.
# shellcheck disable=SC2086 # $timed and $here are words
trips_cells_low() {
	cell "bsock, shim" "$n" svc $here env "$at" LD_PRELOAD="$SHIM" "$LOAD" \
	    $timed bind
	! built bsock-run || cell "bsock-run -m notify" "$n" svc $here env "$at" \
	    "$BUILD/bsock-run" -m notify -- "$LOAD" $timed bind
	[ -z "$BINDER" ] || cell "bsock-socket-binder" "$n" svc $here "$LOAD" $timed \
	    binder "$T/svc/binder"
	! built bsock-sockcreator || cell "bsock-sockcreator" "$n" quietly \
	    svc $here env "$at" "$LOAD" $timed -x "$BUILD/bsock-sockcreator" creator
	[ "$TIER" != root ] || trips_cells_root
}

# shellcheck disable=SC2086 # $timed and $here are words
trips_cells_root() {
	cell "bsock, setuid" "$n" svc $here "$SUID/bench/load" $timed library
	! command -v authbind >/dev/null || cell "authbind" "$n" \
	    $here "$TOP/bench/authbind.sh" $BASE 16 "$SVC" "$LOAD" $timed bind
}

# --- in turns -------------------------------------------------------------

# One client that asks bsock and the floor in turns, so that whatever the
# machine does it does to both: with a processor each for client and daemons,
# and on one, where neither works while the other does, and what each call
# costs shows whole.
# A second floor shows how much of a ratio is the machine's, and a floor that
# asks bsock's questions how much is theirs.
turns() {
	[ -n "${TRIPS_DIR:-}" ] || trips_start
	"$BUILD/bench/floor" "$T/floor2" &
	FLOOR2=$!
	started $FLOOR2
	eventually test -S "$T/floor2"
	: >"$T/turns"
	rounds turns_round
	title "One client, bsock and the floor in turns: p50 in us"
	turns_table
}

turns_round() {
	here="taskset -c $FIRST"
	if [ "$FIRST" != "$LAST" ]; then
		processors=two
		daemons_on "$LAST"
		turns_cells
	fi
	processors=one
	daemons_on "$FIRST"
	turns_cells
	daemons_on "$ALL"
}

turns_cells() {
	at=BSOCK_SOCKET=$TRIPS_DIR/socket
	turn "a second floor" "$at" wire "$T/floor2"
	turn "floor, same questions" "$at" wire "$T/asking"
	turn "bsock, binary by hand" "$at" wire "$TRIPS_DIR/socket"
	turn "bsock, library" "$at" library
	turn "bsock, text by hand" "$at" text "$TRIPS_DIR/socket"
	[ "$TIER" = plain ] || turn "bsock, shim" "LD_PRELOAD=$SHIM $at" bind
}

# turn NAME ENVIRONMENT KIND [SOCKET]
# shellcheck disable=SC2086 # $here and the environment are words
turn() {
	turn_name=$1 turn_env=$2
	shift 2
	turn_line=$(svc $here env $turn_env "$LOAD" -t "$BENCH_MS" -p $BASE \
	    -f "$T/floor" "$@" 2>>"$T/errors") || return 0
	say "$turn_name|$processors|$(say "$turn_line" | tr ' ' '|')" \
	    >>"$T/turns"
}

turns_table() {
	printf '%-24s %10s %8s %8s %8s\n' "" processors floor this ratio
	for processors in two one; do
		grep "|$processors|" "$T/turns" | cut -d'|' -f1 | awk '!s[$0]++' |
		while read -r row; do
			grep "^$row|$processors|" "$T/turns" >"$T/turn"
			printf '%-24s %10s %8s %8s %8s\n' \
			    "$row" "$processors" \
			    "$(cut -d'|' -f12 "$T/turn" | medians)" \
			    "$(cut -d'|' -f8 "$T/turn" | medians)" \
			    "$(awk -F'|' '{ printf "%.2f\n", $8 / $12 }' \
				"$T/turn" | medians)"
		done
	done
}

# --- rules ----------------------------------------------------------------

RULES="10 1000 100000 1000000"

rules() {
	for many in $RULES; do
		mkdir "$T/rules$many"
		many_rules "$many" >"$T/rules$many/bsock"
		: >"$T/rules$many/bsock.resvaddr"
		: >"$T/answer$many"
	done
	rounds rules_start_round
	rules_loaded
	for many in $RULES; do
		serve "$T/rules$many"
		taskset -acp "$FIRST" "$PID" >/dev/null
	done
	rounds rules_round
	title "The last rule of many, library, on one processor; ref = 10 rules"
	table "10 rules"
}

rules_start_round() {
	for many in $RULES; do
		answer "$T/rules$many" >>"$T/answer$many"
	done
}

rules_loaded() {
	few=$(cut -d' ' -f2 "$T/answer10" | medians)
	title "Rules: from start to first answer (which includes the load)"
	printf '%10s %12s %10s %14s\n' rules "answer, ms" "RSS, KiB" \
	    "bytes a rule"
	for many in $RULES; do
		say "$many $(cut -d' ' -f1 "$T/answer$many" | medians)" \
		    "$(cut -d' ' -f2 "$T/answer$many" | medians) $few"
	done | awk '{ printf "%10d %12.1f %10d %14.1f\n", $1, $2 / 1000, $3,
		($3 - $4) * 1024 / $1 }'
}

rules_round() {
	for many in $RULES; do
		cell "$many rules" 1 svc taskset -c "$FIRST" env \
		    BSOCK_SOCKET="$T/rules$many/socket" "$LOAD" -t "$BENCH_MS" \
		    -p $BASE library
	done
}

# --- reload ---------------------------------------------------------------

# Three loads of 4 clients each round: undisturbed; beside a process that is
# as busy as a reload (the same file checked over and over, niced as the
# daemon's loading thread is); while the daemon reloads over and over.
reload() {
	RELOAD_DIR=$T/reload
	mkdir "$RELOAD_DIR"
	many_rules 99997 >"$RELOAD_DIR/bsock"
	real_rules 4 $BASE >>"$RELOAD_DIR/bsock"
	serve "$RELOAD_DIR"
	RELOAD=$PID
	rounds reload_round
	title "100,000 rules, 4 clients, library; ref = beside a busy process"
	table "beside a busy process"
	say "reloads in that time: $(grep -c reload "$RELOAD_DIR/log")"
}

reload_round() {
	reload_cell "undisturbed"
	busy_beside &
	BUSY=$!
	started $BUSY
	reload_cell "beside a busy process"
	stop $BUSY
	busy_reloading &
	BUSY=$!
	started $BUSY
	reload_cell "during reloads"
	stop $BUSY
}

reload_cell() {
	cell "$1" 4 svc env BSOCK_SOCKET="$RELOAD_DIR/socket" "$LOAD" \
	    -t $((BENCH_MS * 12)) -c 4 -p $BASE library
}

busy_beside() {
	while :; do
		nice -n 10 "$BUILD/bsock" -t -c "$RELOAD_DIR/bsock" \
		    -r "$RELOAD_DIR/bsock.resvaddr" >/dev/null 2>&1
	done
}

busy_reloading() {
	while :; do
		br_before=$(grep -c reload "$RELOAD_DIR/log")
		kill -HUP "$RELOAD"
		until [ "$(grep -c reload "$RELOAD_DIR/log")" -gt \
		    "$br_before" ]; do
			sleep 0.01
		done
	done
}

# --- starts ---------------------------------------------------------------

start() {
	mkdir "$T/start"
	real_rules 16 $BASE >"$T/start/bsock"
	: >"$T/start/bsock.resvaddr"
	: >"$T/start/answers"
	rounds start_round
	title "Start to first answer, 16 rules:" \
	    "$(cut -d' ' -f1 "$T/start/answers" | medians) us;" \
	    "RSS then $(cut -d' ' -f2 "$T/start/answers" | medians) KiB"
}

start_round() {
	answer "$T/start" >>"$T/start/answers"
}

# --- the shim where it is not needed --------------------------------------

shim() {
	rounds shim_round
	title "A bind that needs no help (127.0.0.1:9001); ref = no shim"
	table "no shim"
	say "Start of true, us: $(medians <"$T/true") without," \
	    "$(medians <"$T/true.shim") with the shim"
}

shim_round() {
	cell "no shim" 1 svc "$LOAD" -t "$BENCH_MS" -p 9001 bind
	cell "shim" 1 svc env LD_PRELOAD="$SHIM" "$LOAD" -t "$BENCH_MS" \
	    -p 9001 bind
	! built bsock-run || cell "bsock-run -m notify" 1 svc \
	    "$BUILD/bsock-run" -m notify -- "$LOAD" -t "$BENCH_MS" -p 9001 bind
	"$ONCE" spawn 200 -- /bin/true >>"$T/true"
	"$ONCE" spawn 200 -p "$SHIM" -- /bin/true >>"$T/true.shim"
}

# --- system calls under the filter of notify -------------------------------

filter() {
	title "A system call that is not bind(2), under a seccomp filter"
	"$BUILD/bench/filter" "$BENCH_ROUNDS"
}

# --- a big caller ---------------------------------------------------------

resident() {
	[ -n "${TRIPS_DIR:-}" ] || trips_start
	rounds resident_round
	title "A caller with 1 GiB resident; ref = library"
	table "library"
}

resident_round() {
	for mib in 0 1024; do
		big=
		[ $mib = 0 ] || big=", 1 GiB"
		cell "library$big" 1 svc env BSOCK_SOCKET="$TRIPS_DIR/socket" \
		    "$LOAD" -t "$BENCH_MS" -p $BASE -r $mib library
		[ "$TIER" != root ] || cell "setuid$big" 1 svc \
		    "$SUID/bench/load" -t "$BENCH_MS" -p $BASE -r $mib library
	done
}

# --- instructions ---------------------------------------------------------

count() {
	command -v valgrind >/dev/null || return 0
	[ -n "${TRIPS_DIR:-}" ] || trips_start
	title "Instructions of a request in user space:" \
	    "client $(BSOCK_SOCKET=$T/floor "$TOP/bench/count.sh" client)," \
	    "daemon $(BSOCK_SOCKET='' "$TOP/bench/count.sh" daemon)"
}

# --------------------------------------------------------------------------

if [ "$TIER" = plain ]; then
	say "# No namespace: only what needs no privilege is measured."
fi
for section in $BENCH; do
	case $section in
	trips | turns | rules | reload | start | shim | filter | resident | count) $section ;;
	*) say "bench.sh: no such table: $section" && exit 2 ;;
	esac
done
if [ -s "$T/errors" ]; then
	title "What went wrong:"
	sort "$T/errors" | uniq -c | sort -rn | head -20
fi
