#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/suid.sh"
. "${0%/*}/lib/run.sh"

unset BSOCK_PRELOAD BSOCK_SOCKET
RUN=$SUID_ROOT/bin/bsock-run
WEB='AF_INET SOCK_STREAM tcp 80 127.0.0.1'
A80="$B/ask -k '$WEB'"
A81="$B/ask -k 'AF_INET SOCK_STREAM tcp 81 127.0.0.1'"
suid_rules "nobody $WEB"

for mode in preload notify; do
	is "$mode: what a rule grants, and no more" "$(svc "$RUN" -m $mode \
	    sh -c "$A80; $A81" 2>/dev/null | tr '\n' ' ')" "0 EACCES "
done
is "another user is refused" \
    "$(other "$RUN" -m notify sh -c "$A80" 2>/dev/null)" EACCES
is "-l" "$(svc "$RUN" -l "$WEB" sh -c 'ls -l /proc/$$/fd/3' |
    grep -c socket)" 1

# As it is installed, only the group may execute it.
chgrp daemon "$SUID"
chmod 4550 "$SUID"
is "who may not execute it gets EACCES" \
    "$(svc "$RUN" -m notify sh -c "$A80" 2>/dev/null)" EACCES
in_group() {
	setpriv --reuid=nobody --regid=nogroup --groups=daemon \
	    --inh-caps=-all "$@"
}
is "a member of the group may" \
    "$(in_group "$RUN" -m notify sh -c "$A80" 2>/dev/null)" 0
finish
