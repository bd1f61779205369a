#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET

svc "$B/binds" "$T/svc" >"$T/alone"
ok "there is something to compare" [ "$(wc -l <"$T/alone")" -gt 30 ]

shim "$B/binds" "$T/svc" >"$T/got"
ok "without a daemon" diff "$T/alone" "$T/got"

rules
daemon_start || exit 1
shim "$B/binds" "$T/svc" >"$T/got"
ok "with a daemon that has no rules" diff "$T/alone" "$T/got"

# What succeeds by itself is not asked for, whatever the rules say: there is
# no line of the debug output.
rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "$SVC AF_INET SOCK_STREAM tcp 8080 0.0.0.0" \
    "$SVC AF_INET SOCK_STREAM tcp 0 0.0.0.0"
daemon_reload
bind_port() {
	BSOCK_PRELOAD_DEBUG=1 shim "$B/ask" -k \
	    "AF_INET SOCK_STREAM tcp $1 0.0.0.0" 2>&1
}
like "a low port is asked for" "$(bind_port 80)" "^bsock: .* tcp 80 .*bound"
is "a high port is not" "$(bind_port 8080)" 0
is "port 0 is not" "$(bind_port 0)" 0
is "a low port that is no longer privileged is not" "$(
    echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start
    bind_port 80)" 0

# With no port left port 0 is EADDRINUSE, and no reserved port instead.
echo "2000 2001" >/proc/sys/net/ipv4/ip_local_port_range
for i in 1 2; do
	svc_start "$B/ask" -k -w "AF_INET SOCK_STREAM tcp 0 0.0.0.0" >"$T/held$i"
	ok "a port is held" eventually grep -q 0 "$T/held$i"
done
is "port 0 is not, even where none is left" "$(bind_port 0)" EADDRINUSE

# It holds nothing open, and prints nothing.
is "no descriptor is kept" "$(shim ls /proc/self/fd)" "$(svc ls /proc/self/fd)"
is "nothing is printed" "$(shim true 2>&1)" ""

finish
