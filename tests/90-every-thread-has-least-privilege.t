#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root

# Capabilities as in /proc/PID/status.
BIND=0000000000000400
CHOWN=0000000000000001
BOTH=0000000000000401
NONE=0000000000000000

# field NAME: its different values over all threads of the daemon.
field() {
	cat /proc/"$DAEMON"/task/*/status | sed -n "s/^$1:[[:space:]]*//p" |
		sort -u | tr '\n' ' ' | sed 's/ $//'
}

instrumented() {
	nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init'
}

serves_again() {
	[ "$(grep -c ' *serving ' "$T/log")" -gt "$1" ]
}

# has WHAT CAPS: every thread of the running daemon, and then it ends.
has() {
	is "$1: CapEff" "$(field CapEff)" "$2"
	is "$1: CapPrm" "$(field CapPrm)" "$2"
	is "$1: CapBnd" "$(field CapBnd)" "$2"
	is "$1: no_new_privs" "$(field NoNewPrivs)" 1
	instrumented || is "$1: a filter in every thread" "$(field Seccomp)" 2
	like "$1: no core dumps" "$(cat /proc/"$DAEMON"/limits)" \
	    '^Max core file size +0 +0 '
	daemon_stop
}

serve() {
	daemon_start "$@" || {
		echo "Bail out! the daemon does not start"
		exit 1
	}
}

rules
serve
has "whatever a first rule may need" "$BOTH"

rules "nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1"
serve
ok "it serves" svc "$B/honest" 100 80
# main, the parker, four workers; a sanitizer may have one of its own
own=$(nm "$BUILD/bsock" | grep -c ' __tsan_init')
is "several threads" "$(echo /proc/"$DAEMON"/task/* | wc -w)" $((6 + own))
filters=$(field Seccomp_filters)
for n in 1 2 3; do
	kill -USR2 "$DAEMON"
	eventually serves_again $n
done
is "three re-execs add no filter" "$(field Seccomp_filters)" "$filters"
ok "it serves after them" svc "$B/honest" 100 80
has "a low port for another user, re-executed" "$BOTH"

rules "nobody AF_INET SOCK_STREAM tcp 8080 127.0.0.1"
serve
ok "it serves" svc "$B/honest" 10 8080
has "a high port for another user" "$CHOWN"

rules "0 AF_INET SOCK_STREAM tcp 80 127.0.0.1"
serve
has "a low port for the daemon's own user" "$BIND"

rules "0 AF_UNIX SOCK_STREAM 0 0 $T/run/own"
serve
has "nothing that needs a privilege" "$NONE"

rules "nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1"
serve -u "$OTHER"
ok "it serves" svc "$B/honest" 10 80
is "the user" "$(field Uid | tr '\t' ' ')" \
    "$(id -u "$OTHER") $(id -u "$OTHER") $(id -u "$OTHER") $(id -u "$OTHER")"
is "no supplementary groups" "$(field Groups)" ""
is "AmbCap" "$(field CapAmb)" "$BOTH"
has "as another user" "$BOTH"

finish
