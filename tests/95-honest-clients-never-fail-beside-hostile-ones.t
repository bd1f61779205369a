#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root subuids

SECONDS_OF_TORTURE=${SECONDS_OF_TORTURE:-15}

# as UID CMD...: runs CMD in the place of this (sub)shell.
as() {
	as_uid=$1
	shift
	exec setpriv --reuid="$as_uid" --regid="$as_uid" --clear-groups \
	    --inh-caps=-all "$@"
}

# Where every user may run them, whoever has the build.
cp "$B/honest" "$B/hostile" "$T"

# Hostile users: one of them has a rule, the others have none.
good_rules() {
	rules "3001 AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
	    "3002 AF_INET SOCK_STREAM tcp 82 127.0.0.1" \
	    "3003 AF_INET SOCK_STREAM tcp 83 127.0.0.1" \
	    "4007 AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
	    "4007 AF_INET SOCK_DGRAM udp 80 127.0.0.1"
}

good_rules
reserve "AF_INET SOCK_STREAM tcp 90 127.0.0.1"
daemon_start || {
	echo "Bail out! the daemon does not start"
	exit 1
}

descriptors() {
	find /proc/"$DAEMON"/fd -type l | wc -l
}

kilobytes() {
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/"$DAEMON"/status
}

has_descriptors() {
	[ "$(descriptors)" -le "$1" ]
}

honest() {
	as "$1" "$T/honest" 0 "$2" >"$T/honest.$1" &
	HONEST="$HONEST $!"
	started $!
}

hostile() {
	hostile_uid=$1
	shift
	as "$hostile_uid" "$T/hostile" "$@" >"$T/hostile.$hostile_uid" 2>&1 &
	HOSTILE="$HOSTILE $!"
	started $!
}

end() {
	for pid; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid; do
		stop "$pid"
	done
}

# Once before the start of the count: threads, buffers and pools are there.
HONEST='' HOSTILE=''
(as 3001 "$T/honest" 2000 81) >/dev/null
memory_before=$(kilobytes)
descriptors_before=$(descriptors)

honest 3001 81
honest 3002 82
honest 3003 83
hostile 4001 idle
hostile 4002 dribble
hostile 4003 descriptors
for _ in 1 2 3 4 5 6; do
	hostile 4004 linger
done
hostile 4005 garbage
hostile 4006 halfopen
hostile 4007 noread "AF_INET SOCK_DGRAM udp 80 127.0.0.1"
hostile 4008 killed
hostile 4009 denied
hostile 4010 idle
hostile 4007 idle

times_served() {
	[ "$(grep -c ' *serving ' "$T/log")" -gt "$1" ]
}

# The daemon executes itself, and says again that it serves.
reexec() {
	served=$(grep -c ' *serving ' "$T/log")
	kill -USR2 "$DAEMON"
	eventually times_served "$served"
}

# Reloads all the while, every other one of a file with an error in it, and
# re-execs.
end_at=$(($(date +%s) + SECONDS_OF_TORTURE))
while [ "$(date +%s)" -lt $end_at ]; do
	good_rules
	daemon_reload
	rules "this is no rule"
	daemon_reload
	good_rules
	reexec
	sleep 0.2
done
good_rules
daemon_reload

# shellcheck disable=SC2086 # two lists of pids
end $HONEST $HOSTILE

for uid in 3001 3002 3003; do
	like "uid $uid: no request failed" "$(cat "$T/honest.$uid")" \
	    ' failed=0 '
	diag "$(cat "$T/honest.$uid")"
done
for uid in 4001 4002 4003 4004 4005 4006 4007 4008 4009; do
	diag "hostile $uid $(cat "$T/hostile.$uid")"
done
ok "the daemon lives" kill -0 "$DAEMON"
diag "$(grep -c ' *serving ' "$T/log") starts and re-execs," \
    "$(grep -c 'reloaded' "$T/log") reloads," \
    "$(grep -c 'reload failed' "$T/log") refused"
ok "no descriptor is lost" eventually has_descriptors "$descriptors_before"
diag "$descriptors_before descriptors before, $(descriptors) after"
memory_after=$(kilobytes)
diag "$memory_before kB before, $memory_after kB after"
# A sanitizer's own memory grows.
nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' ||
	ok "no memory is lost" [ "$memory_after" -le $((memory_before + 512)) ]
ok "an honest request" as 3001 "$T/honest" 1 81
daemon_stop
like "it ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
