#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

line="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
rules "$SVC $line"
daemon_start || exit 1

seconds() {
	date +%s
}

# A client that holds on to its socket: it must stay unbound for ever.
freeze "$DAEMON"
begin=$(seconds)
svc_start "$B/ask" -f "$line" >"$T/out"
client=$!
ok "the call ends" eventually grep -q . "$T/out"
took=$(($(seconds) - begin))
is "with ETIMEDOUT" "$(cat "$T/out")" ETIMEDOUT
ok "after 5 seconds ($took)" [ $took -ge 4 -a $took -le 8 ]
kill -CONT "$DAEMON"
is "the daemon goes on" "$(svc "$B/ask" "$line")" 0
kill -TERM $client
ok "the client looks" eventually grep -q bound "$T/out"
is "what was given up is not done later" "$(tail -1 "$T/out")" unbound
ok "there was one grant" eventually grep -q grant "$T/log"
is "and no second" "$(grep -c '^<6>grant' "$T/log")" 1

# Under the shim the program sees its own bind's errno.
freeze "$DAEMON"
like "under the shim" "$(BSOCK_PRELOAD_DEBUG=1 shim "$B/ask" -k "$line" 2>&1 |
	paste -sd' ')" "no answer within 5 seconds from .* EACCES$"
kill -CONT "$DAEMON"

# A daemon that is gone is no daemon, at once.
daemon_stop
begin=$(seconds)
like "gone" "$(svc "$B/ask" "$line")" "ENOENT|ECONNREFUSED"
like "gone, under the shim" "$(BSOCK_PRELOAD_DEBUG=1 shim "$B/ask" -k \
    "$line" 2>&1 | paste -sd' ')" "no daemon.* EACCES$"
ok "at once" [ $(($(seconds) - begin)) -le 2 ]

finish
