# tap.sh - what every test script begins with:
#
#	#!/bin/sh
#	. "${0%/*}/lib/tap.sh"
#	tiers root userns
#
# Tiers, best first; `tiers` takes the first of its arguments that this
# machine allows, puts the script into a network namespace of its own (root,
# userns), and skips the whole file, saying why, when there is none:
#	root	real uids: the service user is nobody, another is daemon
#	subuids	an ordinary user with subordinate uids (/etc/subuid), in a
#		user and network namespace: as root, and real uids but nobody's
#	userns	an ordinary user, in a user and network namespace: one uid,
#		capabilities for the daemon, none for the service
#	plain	an ordinary user, no namespace: high ports only
# After it:
#	$TIER		the tier
#	$T		a directory of this test's own, removed at its end
#	$BUILD		what make built ($B: the test programs under it)
#	$SVC $SVC_UID	the service user's name or number, as rules say it
#	$OTHER		(root, subuids) a second user
#	svc CMD...	runs CMD as the service user, without any privilege
#	other CMD...	(root) runs CMD as the second user
#	svc_start CMD... other_start CMD...	the same in the background
#	shim CMD... shim_start CMD...	svc, svc_start under the preload shim
#	PORT		a port that the service may not bind by itself
# Every process that a test starts is ended by its pid: `started $!`.

set -u
export LC_ALL=C
# A make that a test runs is not a part of the make that runs the test.
unset MAKEFLAGS MFLAGS MAKELEVEL

TESTS=$(cd "${0%/*}" && pwd)
TOP=$(cd "$TESTS/.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
B=$BUILD/tests/prog
TAP_COUNT=0
TAP_FAILED=0
STARTED=

# --- TAP ------------------------------------------------------------------

# ok NAME CMD...: passes when CMD succeeds.
ok() {
	tap_name=$1
	shift
	TAP_COUNT=$((TAP_COUNT + 1))
	if tap_out=$("$@" 2>&1); then
		echo "ok $TAP_COUNT - $tap_name"
	else
		tap_status=$?
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $tap_name"
		diag "exit $tap_status of: $*"
		[ -z "$tap_out" ] || diag "$tap_out"
	fi
}

# not_ok NAME CMD...: passes when CMD fails.
not_ok() {
	tap_n=$1
	shift
	ok "$tap_n" fails "$@"
}

fails() {
	! "$@"
}

# is NAME GOT WANTED
is() {
	TAP_COUNT=$((TAP_COUNT + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $TAP_COUNT - $1"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $1"
		diag "got:    $2"
		diag "wanted: $3"
	fi
}

# like NAME GOT REGEX (extended, of grep, on any line)
like() {
	TAP_COUNT=$((TAP_COUNT + 1))
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		echo "ok $TAP_COUNT - $1"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $1"
		diag "got:    $2"
		diag "wanted: /$3/"
	fi
}

# results FILE: "ok NAME" and "not ok NAME" of a program, as results of ours.
results() {
	while read -r tap_line; do
		case $tap_line in
		ok*) ok "${tap_line#ok }" true ;;
		"not ok"*) ok "${tap_line#not ok }" false ;;
		*) diag "$tap_line" ;;
		esac
	done <"$1"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# What an instrumented daemon says of itself fails any test.
tap_sanitizers() {
	grep -Eqs 'Sanitizer: |runtime error: ' "${T:-}/log" || return 0
	ok "no sanitizer has anything to say" \
	    fails grep -E -A 20 'Sanitizer: |runtime error: ' "$T/log"
}

# The last line of every test.
finish() {
	tap_sanitizers
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" -eq 0 ]
	exit $?
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# need PROGRAM...: skip the file when one is not installed.
need() {
	for need_program; do
		command -v "$need_program" >/dev/null 2>&1 ||
			skip_all "$need_program is not installed"
	done
}

# --- processes and files --------------------------------------------------

started() {
	STARTED="$STARTED $1:$(tap_birth "$1")"
}

# tap_birth PID: when that process began (field 22 of proc_pid_stat(5)).
tap_birth() {
	read -r tap_stat 2>/dev/null <"/proc/$1/stat" || return 0
	# shellcheck disable=SC2086 # fields, after the name in parentheses
	set -- ${tap_stat##*) }
	echo "${20:-}"
}

# tap_reused PID: what the test started as PID has ended since, and is now
# something else.  Numbers come round within a minute on a busy machine.
tap_reused() {
	for tap_entry in $STARTED; do
		[ "${tap_entry%%:*}" != "$1" ] ||
			[ "${tap_entry#*:}" != "$(tap_birth "$1")" ] || return 1
	done
	case " $STARTED" in
	*" $1:"*) return 0 ;;
	*) return 1 ;;
	esac
}

# eventually CMD...: retries for up to 10 s, for readiness.
eventually() {
	ev_n=0
	until "$@" >/dev/null 2>&1; do
		ev_n=$((ev_n + 1))
		[ $ev_n -lt 500 ] || return 1
		sleep 0.02
	done
}

# gone PID: true when that process is no more (or is a zombie of ours).
gone() {
	! kill -0 "$1" 2>/dev/null || tap_reused "$1" ||
		grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# stop PID [SIGNAL]: ends a process that the test started, and waits for it.
stop() {
	tap_reused "$1" || kill -"${2:-TERM}" "$1" 2>/dev/null
	eventually gone "$1" || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# freeze PID: SIGSTOP, and waits until every thread of it stands still.
freeze() {
	kill -STOP "$1"
	eventually frozen "$1"
}

frozen() {
	! cat "/proc/$1/task/"*/status | grep '^State:' | grep -qv 'T (stopped)'
}

tap_cleanup() {
	for tap_pid in $STARTED; do
		gone "${tap_pid%%:*}" || kill -TERM "${tap_pid%%:*}" 2>/dev/null
	done
	for tap_pid in $STARTED; do
		eventually gone "${tap_pid%%:*}" ||
			kill -KILL "${tap_pid%%:*}" 2>/dev/null
	done
	[ -z "${T:-}" ] || rm -rf "$T"
}

# --- tiers ----------------------------------------------------------------

tap_userns() {
	unshare -Un --map-user="$(id -u)" --map-group="$(id -g)" --keep-caps \
	    ip link set lo up 2>/dev/null
}

tap_subuids() {
	unshare -Un --map-root-user --map-auto ip link set lo up 2>/dev/null
}

tiers() {
	[ -z "${TAP_TIER:-}" ] || {
		tap_enter
		return
	}
	for tap_tier; do
		case $tap_tier in
		root)
			[ "$(id -u)" = 0 ] || continue
			TAP_TIER=root exec unshare -n "$0"
			;;
		subuids)
			[ "$(id -u)" != 0 ] && tap_subuids || continue
			TAP_TIER=subuids exec unshare -Un --map-root-user \
			    --map-auto "$0"
			;;
		userns)
			[ "$(id -u)" != 0 ] && tap_userns || continue
			TAP_TIER=userns exec unshare -Un \
			    --map-user="$(id -u)" --map-group="$(id -g)" \
			    --keep-caps "$0"
			;;
		plain)
			TAP_TIER=plain
			tap_enter
			return
			;;
		esac
	done
	skip_all "needs one of these tiers: $* (uid $(id -u))"
}

tap_enter() {
	TIER=$TAP_TIER
	unset TAP_TIER
	T=$(mktemp -d "${TMPDIR:-/tmp}/bsock-test.XXXXXX") || exit 1
	trap tap_cleanup EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$T"
	PORT=80
	case $TIER in
	root | subuids)
		ip link set lo up || exit 1
		SVC=nobody OTHER=daemon
		[ "$TIER" = root ] || SVC=bin
		SVC_UID=$(id -u $SVC)
		SVC_RUN="setpriv --reuid=$SVC --regid=$(id -g $SVC)
		    --clear-groups --inh-caps=-all"
		OTHER_RUN="setpriv --reuid=$OTHER --regid=$(id -g $OTHER)
		    --clear-groups --inh-caps=-all"
		;;
	userns)
		ip link set lo up || exit 1
		SVC=$(id -u) SVC_UID=$SVC
		SVC_RUN="setpriv --ambient-caps=-all --inh-caps=-all
		    --bounding-set=-all"
		;;
	plain)
		SVC=$(id -u) SVC_UID=$SVC
		SVC_RUN=
		PORT=8080
		;;
	esac
	mkdir "$T/run" "$T/svc"
	case $TIER in
	root | subuids) chown "$SVC" "$T/svc" ;;
	esac
}

# Without any privilege.
svc() {
	$SVC_RUN "$@"
}

other() {
	$OTHER_RUN "$@"
}

# svc_start CMD..., other_start CMD...: in the background; $! is the pid of
# CMD itself (`svc CMD &` would be that of a shell around it), and is ended
# with the test.
svc_start() {
	$SVC_RUN "$@" &
	started $!
}

other_start() {
	$OTHER_RUN "$@" &
	started $!
}

# shim CMD..., shim_start CMD...: svc, svc_start with the preload shim;
# shim_here CMD...: as who runs the test.  The shim is never instrumented, a
# test program may be, and ASan would rather come first.
SHIM_ASAN="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"

shim() {
	svc env LD_PRELOAD="$BUILD/libbsock_preload.so" \
	    ASAN_OPTIONS="$SHIM_ASAN" "$@"
}

shim_start() {
	svc_start env LD_PRELOAD="$BUILD/libbsock_preload.so" \
	    ASAN_OPTIONS="$SHIM_ASAN" "$@"
}

shim_here() {
	env LD_PRELOAD="$BUILD/libbsock_preload.so" \
	    ASAN_OPTIONS="$SHIM_ASAN" "$@"
}

# The listening TCP and bound UDP sockets whose owner is not the service.
root_listeners() {
	ss -Htulne | grep -v "uid:$SVC_UID "
}

# --- the daemon -----------------------------------------------------------

# rules LINE...: writes $T/bsock.   reserve LINE...: writes $T/bsock.resvaddr.
rules() {
	printf '%s\n' "$@" >"$T/bsock"
}

reserve() {
	printf '%s\n' "$@" >"$T/bsock.resvaddr"
}

# daemon_start [OPTION...]: starts bsock -F on $T's files, everybody may
# connect; its log is $T/log, its pid $DAEMON.  Fails when it does not serve.
daemon_start() {
	[ -e "$T/bsock" ] || : >"$T/bsock"
	[ -e "$T/bsock.resvaddr" ] || : >"$T/bsock.resvaddr"
	BSOCK_SOCKET=$T/run/socket
	export BSOCK_SOCKET
	: >"$T/log"
	"$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g "$(id -g)" -m 0666 "$@" 2>>"$T/log" &
	DAEMON=$!
	started $DAEMON
	daemon_ready
}

# The daemon says "serving" once the socket accepts.
daemon_ready() {
	eventually daemon_serves_or_gone
	if gone "$DAEMON"; then
		diag "the daemon ended: $(cat "$T/log")"
		return 1
	fi
	daemon_serves
}

daemon_serves() {
	grep -q ' *serving ' "$T/log"
}

daemon_serves_or_gone() {
	daemon_serves || gone "$DAEMON"
}

# daemon_reload: SIGHUP, and waits until the daemon says how it went.
daemon_reload() {
	dr_before=$(grep -c 'reload' "$T/log")
	kill -HUP "$DAEMON"
	eventually daemon_reloaded "$dr_before"
}

daemon_reloaded() {
	[ "$(grep -c 'reload' "$T/log")" -gt "$1" ]
}

# logged REGEX: waits for a line in the daemon's log.
logged() {
	eventually grep -Eq -e "$1" "$T/log"
}

# valgrind_start OPTION...: the daemon under valgrind with these options.
# valgrind knows no seccomp(2), and not all of DWARF 5: a build without the
# filter, the same in everything else.  It takes longer to start.
valgrind_start() {
	make -s -C "$TOP" O="$T/build" CFLAGS="-O1 -gdwarf-4" PROBE_SECCOMP=0 \
	    "$T/build/bsock" >"$T/make" 2>&1 || diag "$(cat "$T/make")"
	valgrind -q --error-exitcode=99 --leak-check=full "$@" \
	    "$T/build/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g "$(id -g)" -m 0666 2>"$T/log" &
	DAEMON=$!
	started $DAEMON
	BSOCK_SOCKET=$T/run/socket
	export BSOCK_SOCKET
	eventually daemon_serves_or_gone || eventually daemon_serves_or_gone
	ok "it serves" daemon_serves
}

daemon_stop() {
	stop "$DAEMON" "${1:-TERM}"
}
