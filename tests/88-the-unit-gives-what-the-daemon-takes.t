#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need systemd-analyze strace
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

# The hardening of bsock.service, beside what a daemon really does: it is no
# less, and no more, each by its own test.
unit=$TOP/etc/systemd/bsock.service

# setting NAME: its values, of all its lines.
setting() {
	sed -n "s/^$1=//p" "$unit" | tr '\n' ' ' | sed 's/ $//'
}
field() {
	cat "/proc/$DAEMON/task/"*/status | sed -n "s/^$1:[[:space:]]*//p" |
		sort -u | tr '\n' ' ' | sed 's/ $//'
}

# --- capabilities -----------------------------------------------------------

CAPS=$(setting CapabilityBoundingSet)
own='AF_INET SOCK_STREAM tcp 80 127.0.0.1'
rules "$SVC $own" "$SVC AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$"

# bounded CAPS OPTION...: a daemon that can have no more than these.
bounded() {
	# shellcheck disable=SC2086 # a list
	bounded_caps=$(printf ',+%s' $1 | sed 's/CAP_//g' |
		tr '[:upper:]' '[:lower:]')
	shift
	: >"$T/log"
	setpriv --bounding-set="-all$bounded_caps" --inh-caps=-all \
	    "$BUILD/bsock" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g "$SVC_GID" -m 0660 "$@" 2>>"$T/log" &
	DAEMON=$!
	started $DAEMON
	daemon_ready >/dev/null
}
SVC_GID=$(id -g "$SVC")
reserve
BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET

# What all of them together must do, with "-u $OTHER" and without.
works() {
	[ "$(svc "$B/ask" "$own") $(svc "$B/ask" -s "$own") $(field CapBnd)" = \
	    "0 0 0000000000000401" ]
}
path_too() {
	[ "$(svc "$B/ask" -s "AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$")" = 0 ]
}
bounded "$CAPS"
ok "with its capabilities the daemon serves" works
ok "and a unix path is its user's" path_too
rm -f "/run/bsock-test-$$"
daemon_stop
bounded "$CAPS" -u "$OTHER"
ok "with -u too" works
daemon_stop
for cap in $CAPS; do
	others=$(echo "$CAPS" | tr ' ' '\n' | grep -vx "$cap")
	all=yes
	bounded "$others" && works && path_too || all=no
	rm -f "/run/bsock-test-$$"
	daemon_stop
	bounded "$others" -u "$OTHER" && works || all=no
	daemon_stop
	is "not without $cap" "$all" no
done >"$T/out" 2>&1
cat "$T/out"

# --- what it sets itself ----------------------------------------------------

daemon_start || exit 1
limit() {
	awk -v name="Max $1 " 'index($0, name) == 1 {
		sub(name, ""); print $1, $2 }' "/proc/$DAEMON/limits"
}
# Where the hard limit is lower it has that.
is "LimitNOFILE" "$(setting LimitNOFILE)" \
    "$(sed -n 's/^#define DAEMON_NOFILE //p' "$TOP/bsock_priv.c")"
is "LimitCORE" "$(limit 'core file size')" \
    "$(setting LimitCORE) $(setting LimitCORE)"
is "UMask" "$(field Umask)" "$(setting UMask)"
is "NoNewPrivileges" "$(field NoNewPrivs) $(setting NoNewPrivileges)" "1 yes"
daemon_stop

# --- system calls -----------------------------------------------------------

# names GROUP-OR-CALL...: the calls, of this machine's systemd.
systemd-analyze --no-pager syscall-filter 2>/dev/null |
	sed 's/\x1b\[[0-9;]*m//g' >"$T/groups"
names() {
	for name; do
		case $name in
		@*) # shellcheck disable=SC2046 # a list of names
			(names $(awk -v group="$name" '
				/^[@#]/ || NF == 0 { on = 0 }
				on && $1 !~ /^#/ { print $1 }
				$0 == group { on = 1 }' "$T/groups")) ;;
		*) echo "$name" ;;
		esac
	done
}
# What systemd makes of the lines: those with ~ take away.
permitted() {
	names @default >"$T/set"
	sed -n 's/^SystemCallFilter=//p' "$unit" | while read -r line; do
		# shellcheck disable=SC2046,SC2086 # lists of names
		names ${line#\~} | sort -u >"$T/line"
		case $line in
		~*) sort -u "$T/set" | comm -23 - "$T/line" >"$T/next" ;;
		*) sort -u "$T/set" "$T/line" >"$T/next" ;;
		esac
		mv "$T/next" "$T/set"
	done
	sort -u "$T/set"
}
# calls FROM TO: those named in the filters' tables between two lines.
calls() {
	sed -n "/$1/,/$2/p" "$TOP/bsock_sandbox.c" |
		grep -o 'SYS_[a-z0-9_]*' | sed 's/SYS_//' | sort -u
}
permitted >"$T/permitted"
calls 'serve_calls\[\] =' '^bsock_sandbox_serve' >"$T/serve"
calls 'main_refused\[\] =' '};' >"$T/refused"

# From the start to the end: requests of every kind, a reload, a re-exec.
rules "$SVC $own" "$SVC AF_INET6 SOCK_STREAM tcp 80 ::1" \
    "@$SVC_GID AF_INET SOCK_DGRAM udp 0 127.0.0.1" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$" \
    "$SVC AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
    "no-such-user AF_INET SOCK_STREAM tcp 80 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 82 127.0.0.1"
is_served_again() {
	[ "$(grep -c '^<5>serving ' "$T/log")" -gt 1 ]
}
traced() {
	: >"$T/log"
	strace -f -o "$T/trace" "$BUILD/bsock" -d -F -c "$T/bsock" \
	    -r "$T/bsock.resvaddr" -s "$T/run/socket" -g 0 -m 0666 "$@" \
	    2>"$T/log" &
	DAEMON=$!
	started $DAEMON
	daemon_ready
	pid=$(sed -n '1s/ .*//p' "$T/trace")
	for request in "$own" "AF_INET SOCK_DGRAM udp 0 127.0.0.1" \
	    "AF_INET SOCK_STREAM tcp 82 127.0.0.1"; do
		svc "$B/ask" "$request"
		svc "$B/ask" -s "$request"
	done
	svc "$B/ask" -s "AF_INET6 SOCK_STREAM tcp 80 ::1"
	svc "$B/ask" -s "AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$"
	svc "$B/ask" -s "AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$"
	"$BUILD/bsockctl" status -s "$T/run/socket" >/dev/null
	kill -HUP "$pid"
	logged 'reloaded'
	kill -USR2 "$pid"
	eventually is_served_again
	kill -TERM "$pid"
	eventually gone $DAEMON
	rm -f "/run/bsock-test-$$"
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$T/trace" | sort -u
}
traced >"$T/out"
grep -v '^[0E]' "$T/out" >"$T/made"
mv "$T/trace" "$T/trace-root"
traced -u "$OTHER" | grep -v '^[0E]' >>"$T/made"
sort -u "$T/made" >"$T/made.sorted"
like "a daemon was seen" "$(cat "$T/made.sorted")" '^seccomp$'

is "every call that the serving filter allows is permitted" \
    "$(comm -23 "$T/serve" "$T/permitted" | xargs)" ""
is "and every call that a daemon made" \
    "$(comm -23 "$T/made.sorted" "$T/permitted" | grep -v '^clone3$' | xargs)" ""
is "nothing is permitted that is refused to the main thread" \
    "$(comm -12 "$T/refused" "$T/permitted" | xargs)" ""
# A group of which a daemon makes no call is not in it.  Where a call is
# permitted all the same, another group or @system-service itself has it.
for group in $(names_of_groups=$(awk '/^@/ { print $1 }' "$T/groups")
	echo "$names_of_groups"); do
	names "$group" | sort -u >"$T/group"
	[ -z "$(comm -12 "$T/group" "$T/made.sorted")" ] || continue
	[ -n "$(comm -23 "$T/group" "$T/permitted")" ] || echo "$group"
done >"$T/whole"
is "no group is permitted of which no call is made" "$(xargs <"$T/whole")" ""

# --- sockets, memory and files ----------------------------------------------

sed -n 's/.* socket(\(AF_[A-Z0-9]*\),.*/\1/p' "$T/trace-root" "$T/trace" |
	sort -u | sed 's/AF_LOCAL/AF_UNIX/' >"$T/families"
is "RestrictAddressFamilies" \
    "$(setting RestrictAddressFamilies | tr ' ' '\n' | sort)" \
    "$(sort "$T/families")"
is "MemoryDenyWriteExecute: no such memory is asked for" \
    "$(grep -E 'PROT_WRITE\|PROT_EXEC' "$T/trace-root" "$T/trace")" ""
is "ProtectSystem: nothing is opened for writing but the lock" \
    "$(grep -h ' open.*O_\(WRONLY\|RDWR\|CREAT\)' "$T/trace-root" "$T/trace" |
	sed 's/.*"\(.*\)".*/\1/' | sort -u | grep -v '^/dev/null$')" \
    "$T/run/socket.lock"

finish
