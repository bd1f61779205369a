#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start -j 1 || exit 1

# The daemon is stopped while 100 clients ask, and 3 connect and say nothing.
client_start "
silent = [connect() for _ in range(3)]
time.sleep(0.2) # parked by now, or in the queue: the same for them
print('silent', flush=True)
wait_for(lambda: os.path.exists('$T/stopped'))
asked = []
for _ in range(100):
    conn = connect()
    conn.sendall(tcp($PORT, '127.0.0.1'))
    asked.append(conn)
print('asked', flush=True)
for conn in asked:
    print('answer', Answer(conn))
for conn in silent:
    print('silent', Answer(conn))
" >"$T/out" 2>&1
CLIENT=$!
eventually grep -q '^silent' "$T/out"
freeze "$DAEMON"
eventually grep -q '^State:.T' "/proc/$DAEMON/status"
touch "$T/stopped"
eventually grep -q '^asked' "$T/out"
kill -TERM "$DAEMON"
kill -CONT "$DAEMON"
wait "$DAEMON"
is "the daemon ends with 0" "$?" 0
eventually gone "$CLIENT"
is "everybody who asked is answered" \
    "$(grep -c '^answer 0 +fd' "$T/out")" 100
is "who said nothing may ask again" "$(grep -c '^silent EAGAIN' "$T/out")" 3
not_ok "the socket is gone" [ -e "$T/run/socket" ]
logged "ended"
like "the last line says so" "$(tail -n 1 "$T/log")" ended
finish
