#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

A="$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
B="$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.2"
rules "$A" "$B"
rules "$A" && cp "$T/bsock" "$T/one"
rules "$A" "$B" nonsense && cp "$T/bsock" "$T/bad"
rules "$A" "$B" && cp "$T/bsock" "$T/two"
daemon_start || exit 1

# Four clients ask for what every config allows, all the time.
for i in 1 2 3 4; do
	client_start "
n = 0
while not os.path.exists('$T/over'):
    answer = str(ask(tcp($PORT, '127.0.0.1')))
    if answer != '0 +fd':
        print('failed:', answer, flush=True)
    n += 1
print('asked', n, flush=True)
" >"$T/out$i" 2>&1
	eval "C$i=\$!"
done
n=0
while [ $n -lt 60 ]; do
	for which in one bad two; do
		cp "$T/$which" "$T/new" && mv "$T/new" "$T/bsock"
		kill -HUP "$DAEMON"
		n=$((n + 1))
	done
	sleep 0.02
done
daemon_reload
touch "$T/over"
for i in 1 2 3 4; do
	eval "eventually gone \$C$i"
	like "client $i has asked" "$(cat "$T/out$i")" '^asked [0-9]+$'
	is "and was never refused" "$(grep failed "$T/out$i")" ""
done
is "the last config counts" \
    "$(client "print(ask(tcp($PORT, '127.0.0.2')))")" "0 +fd"
not_ok "the daemon is alive" gone "$DAEMON"
finish
