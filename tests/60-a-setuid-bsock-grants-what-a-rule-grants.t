#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need /usr/bin/python3
. "${0%/*}/lib/suid.sh"

ONESHOT="/usr/bin/python3 $TESTS/prog/oneshot.py $SUID"
RULE="nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1"
# Every directory above a unix path must be root's alone.
mount -t tmpfs -o mode=755 none /mnt || exit 1
suid_rules "$RULE" \
    "nobody AF_INET SOCK_STREAM tcp 0 127.0.0.1" \
    "nobody AF_UNIX SOCK_STREAM 0 0 /mnt/app.sock"

# shellcheck disable=SC2086 # a command and its arguments
case_() {
	svc $ONESHOT "$@" 2>&1
}

# shellcheck disable=SC2086
as_other() {
	other $ONESHOT "$@" 2>&1
}

# --- who may, and who not
is "the socket on stdin is bound for the real user" "$(case_ words)" "0 80"
is "a socket that came over the socketpair is bound" "$(case_ pair)" "0 8 0 80"
is "one is made for a caller that sends none" "$(case_ made)" "0 8 True"
is "another user is refused" "$(as_other words)" "EACCES 0"
is "so is another user's request" "$(as_other pair)" "EACCES 8 0 0"
is "another address is refused" \
    "$(case_ words AF_INET SOCK_STREAM tcp 81 127.0.0.1)" "EACCES 0"
is "port 0 with a rule is a reserved port" \
    "$(case_ words AF_INET SOCK_STREAM tcp 0 127.0.0.1 |
	awk '{ print $1, ($2 >= 600 && $2 < 1024) }')" "0 1"
is "a unix path belongs to the caller" \
    "$(case_ owner /mnt/app.sock)" "0 True 0o600"
group_zero() {
	# shellcheck disable=SC2086
	setpriv --reuid=daemon --regid=0 --clear-groups --inh-caps=-all \
	    $ONESHOT words
}
is "group 0 opens nothing" "$(group_zero)" "EACCES 0"

# --- what a caller can prepare
is "closed descriptors 0 to 2" "$(case_ closed)" "ENOTSOCK 0"
is "an environment of 1.5 MB" "$(case_ environment)" "0 80"
is "an environment with names that mean something" \
    "$(case_ evil_environment "$T/svc/notify")" "0 80"
# Without CAP_SYS_RESOURCE (some containers) not even root can raise them.
like "tiny resource limits" "$(case_ limits)" '^(0 80|EACCES 0)$'
is "ignored signals, timers" "$(case_ signals)" "0 80"
is "the caller's descriptors are closed" "$(case_ descriptors)" "closed"
is "what is no unbound socket of that kind" "$(case_ kinds)" "pipe ENOTSOCK
file ENOTSOCK
null ENOTSOCK
path ENOTSOCK
udp EINVAL
ipv6 EINVAL
mptcp EINVAL
unix EINVAL
netlink EINVAL
bound EINVAL
listening EINVAL
connected EINVAL"
is "words that are no address" "$(case_ malformed | sort | uniq -c |
    sed 's/^ *//')" "9 EINVAL"

# --- the form with a socketpair
is "no request: ETIME after 2 s" "$(case_ silent)" "ETIME ETIME True"
is "half a request is not waited for" "$(case_ unheard AF_INET)" \
    "EINVAL EINVAL 0"
is "who hung up gets no bind" "$(case_ hung_up)" "ECONNRESET 0"
is "stdin that is no unix connection" "$(svc "$SUID" </dev/null 2>&1 |
    grep -c 'socketpair')" 1

# shellcheck disable=SC2086
$ONESHOT serve "$T/server" >"$T/served" &
started $!
eventually grep -q ready "$T/served"
is "a connection to root's server is no identity" \
    "$(as_other somebody "$T/server")" "EACCES"
eventually grep -q 'got [0-9]' "$T/served"
is "and that server's socket is not bound" "$(tail -1 "$T/served")" "got 0"
# shellcheck disable=SC2086
is "a socketpair that root made is no identity" \
    "$($ONESHOT given daemon daemon)" "EACCES 0"
is "a socket of another network namespace" "$(case_ namespace)" "EACCES"

# --- everything else is refused
refused() {
	svc "$SUID" "$@" >"$T/out" 2>&1
	echo $?
}
printf '%s\n' 'nobody AF_INET SOCK_STREAM tcp 90 127.0.0.1' >"$T/svc/evil"
is "-d" "$(refused -d)" 1
is "-F -d with files of the caller's" \
    "$(refused -d -F -c "$T/svc/evil" -s "$T/svc/s")" 1
is "-t with another file" "$(refused -t -c /etc/shadow)" 1
is "-t alone is a check, as the real user" "$(refused -t)" 0
is "an unknown option" "$(refused -x)" 2

# --- the config
chmod 666 "$SUID_ROOT/etc/bsock"
is "a config that others may write grants nothing" "$(case_ words)" "EACCES 0"
chmod 644 "$SUID_ROOT/etc/bsock"
suid_rules "$RULE" "nonsense"
is "nor does one with an error" "$(case_ words)" "EACCES 0"
rm "$SUID_ROOT/etc/bsock"
is "nor does a missing one" "$(case_ words)" "EACCES 0"

finish
