#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

rules "nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "nobody AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-u" \
    "nobody AF_UNIX SOCK_STREAM 0 0 @bsock-test-u"
daemon_start -u daemon || exit 1
DAEMON_UID=$(id -u daemon)
is "every thread is that user" "$(cat "/proc/$DAEMON"/task/*/status |
    awk '/^Uid:/ { print $2, $3, $4, $5 }' | sort -u)" \
    "$DAEMON_UID $DAEMON_UID $DAEMON_UID $DAEMON_UID"
is "without a supplementary group" "$(awk '/^Groups:/ { print $2 }' \
    "/proc/$DAEMON/status")" ""
is "it serves low ports" \
    "$(client "print(ask(tcp(80, '127.0.0.1')))")" "0 +fd"
is "as sockets of the client's" "$(client "
s = ask(tcp(80, '127.0.0.1')).socket()
print(os.fstat(s.fileno()).st_uid)")" \
    "$SVC_UID"
like "AF_UNIX rules are refused, and why" "$(cat "$T/log")" \
    '^<3>.*bsock:2:8: AF_UNIX rules need a daemon that stays root'
is "no path" "$(client "
print(ask('AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-u'))")" EACCES
daemon_reload
logged "reloaded: 1 rules"
daemon_stop
"$BUILD/bsock" -d -F -u no-such-user -c "$T/bsock" \
    -r "$T/bsock.resvaddr" -s "$T/run/socket" 2>"$T/err"
is "an unknown user: exit status" $? 2
like "an unknown user: why" "$(cat "$T/err")" "no such user"
finish
