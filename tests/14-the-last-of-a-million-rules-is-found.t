#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

# Counted, not timed; the wait for readiness bounds the load (10 s).
awk -v uid="$SVC_UID" -v port="$PORT" 'BEGIN {
	for (i = 0; i < 999999; i++)
		printf "%d AF_INET SOCK_STREAM tcp %d 10.%d.%d.%d\n", uid,
		    port, i / 65536, i / 256 % 256, i % 256
	printf "%d AF_INET SOCK_STREAM tcp %d 127.0.0.1\n", uid, port
}' >"$T/bsock"
daemon_start || exit 1
like "with all of them" "$(cat "$T/log")" "serving .*: 1000000 rules"
is "the last one is found" \
    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
logged "grant .* rule=1000000 "
is "what is next to it is not" \
    "$(client "print(ask(tcp($PORT, '127.0.0.2')))")" "EACCES"
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_reload
logged "reloaded: 1 rules"
is "after a reload to one" \
    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
finish
