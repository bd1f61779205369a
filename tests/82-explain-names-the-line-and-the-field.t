#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

rules "# a comment" \
    "nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "@daemon AF_INET6 SOCK_STREAM tcp 443 ::" \
    "1234 AF_UNIX SOCK_STREAM 0 0 /run/app.sock" \
    "nobody AF_INET SOCK_DGRAM udp 53 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 80 0.0.0.0"

explain() {
	"$BUILD/bsockctl" -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/none" explain "$@" 2>&1
}

# allowed NAME WANTED QUESTION...
allowed() {
	name=$1 wanted=$2
	shift 2
	out=$(explain "$@")
	is "$name: exit status 0" $? 0
	like "$name" "$out" "$wanted"
}

# denied NAME LINE FIELDS QUESTION...
denied() {
	name=$1 line=$2 fields=$3
	shift 3
	out=$(explain "$@")
	is "$name: exit status 1" $? 1
	like "$name: nearest is line $line" "$out" \
	    "^deny: nearest is $T/bsock:$line: "
	like "$name: $fields" "$out" "^differs in: $fields\$"
}

allowed "a user's rule" \
    "^allow $T/bsock:2: nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0\$" \
    nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0
allowed "a reservation is told" \
    "^reserved $T/bsock.resvaddr:1: AF_INET SOCK_STREAM tcp 80 0.0.0.0\$" \
    nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0
allowed "by number, with names of services" "^allow $T/bsock:2: " \
    "$(id -u nobody)" PF_INET SOCK_STREAM tcp http 0.0.0.0
allowed "a group's rule" "^allow $T/bsock:3: @daemon " \
    daemon AF_INET6 SOCK_STREAM tcp 443 ::
allowed "MPTCP is TCP" "^allow $T/bsock:2: " \
    nobody AF_INET SOCK_STREAM mptcp 80 0.0.0.0
allowed "v4-mapped is IPv4" "^allow $T/bsock:5: " \
    nobody AF_INET6 SOCK_DGRAM udp 53 ::ffff:127.0.0.1
allowed "uid 0" "^allow: uid 0 " root AF_INET SOCK_STREAM tcp 1 0.0.0.0
allowed "a unix path" "^allow $T/bsock:4: 1234 " \
    1234 AF_UNIX SOCK_STREAM 0 0 /run/app.sock

denied "another user" 2 user \
    daemon AF_INET SOCK_STREAM tcp 80 0.0.0.0
denied "another port" 2 port \
    nobody AF_INET SOCK_STREAM tcp 81 0.0.0.0
denied "another address" 2 address \
    nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1
denied "another family" 2 family \
    nobody AF_INET6 SOCK_STREAM tcp 80 ::
denied "another protocol" 5 protocol \
    nobody AF_INET SOCK_DGRAM udplite 53 127.0.0.1
denied "another type" 2 "socktype, protocol" \
    nobody AF_INET SOCK_DGRAM udp 80 0.0.0.0
denied "another path" 4 address \
    1234 AF_UNIX SOCK_STREAM 0 0 /run/other.sock
denied "root has no unix path" 4 user \
    root AF_UNIX SOCK_STREAM 0 0 /run/app.sock

explain nosuchuser AF_INET SOCK_STREAM tcp 80 0.0.0.0 >"$T/out"
is "an unknown user is no answer" $? 2
explain nobody AF_INET SOCK_STREAM tcp 99999 0.0.0.0 >"$T/out"
is "nor is a port that there is not" $? 2
rules "nonsense"
explain nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0 >"$T/out"
is "nor are files with errors" $? 2
like "which are told" "$(cat "$T/out")" "^$T/bsock:1:"
: >"$T/bsock"
like "no rule at all" \
    "$(explain nobody AF_INET SOCK_STREAM tcp 80 0.0.0.0)" \
    "^deny: there is no rule"

# Who may not ask, and where nobody answers.
rules "1234 AF_INET SOCK_STREAM tcp 80 0.0.0.0"
question="1234 AF_INET SOCK_STREAM tcp 80 0.0.0.0"
# shellcheck disable=SC2086 # words
ask() {
	"$BUILD/bsockctl" -c "$T/bsock" -s "$T/run/socket" explain $question
}
like "no daemon" "$(ask)" "^note: no bsock serves at $T/run/socket\$"
daemon_start -m 0600 || exit 1
like "a socket that the user may not connect to" "$(ask)" \
    "^note: 1234 may not ask at $T/run/socket: not in group "
chmod 0666 "$T/run/socket"
is "one for everybody" "$(ask | grep note)" ""
chmod 0700 "$T/run"
like "a directory above it" "$(ask)" \
    "^note: 1234 may not ask at $T/run/socket: may not search $T/run\$"
chmod 0755 "$T/run"
daemon_stop KILL
like "a socket that a daemon left" "$(ask)" "^note: no bsock serves at "

finish
