#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start -j 1 || exit 1
# One after the other, so that there is never a moment without one.
client_start "
idle = []
while True:
    idle.append(connect())
    idle = idle[-20:]
    print('idle', flush=True)
    time.sleep(0.05)
" >"$T/out" 2>&1
eventually grep -q idle "$T/out"
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.2"
daemon_reload
ok "the reload came to its end" logged "reloaded: 1 rules"
is "the new rule is there" \
    "$(client "print(ask(tcp($PORT, '127.0.0.2')))")" "0 +fd"
is "the old one is not" \
    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "EACCES"
finish
