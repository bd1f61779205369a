#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

line="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
other="AF_INET SOCK_STREAM tcp 81 127.0.0.1"
rules "$SVC $line"
daemon_start || exit 1

# What it prints, then what the program was told, on one line.
debug() {
	BSOCK_PRELOAD_DEBUG=1 shim "$B/ask" -k "$1" 2>&1 | paste -sd' '
}

is "bound" "$(debug "$line")" "bsock: $line: bound 0"
like "no rule" "$(debug "$other")" \
    "^bsock: $other: no rule lets uid $SVC_UID bind it .* EACCES$"
svc_start "$B/ask" -l 1 -e held "$line" >"$T/out"
ok "a server" eventually grep -q 0 "$T/out"
like "in use, not forbidden" "$(debug "$line")" \
    "^bsock: $line: .*Address already in use EADDRINUSE$"

# In the userns tier the service owns the socket.
[ "$TIER" != root ] || {
	chmod 0600 "$T/run/socket"
	like "a socket for its owner only" "$(debug "$line")" \
	    "may not connect to $T/run/socket: .* uid 0 EACCES$"
	chmod 0660 "$T/run/socket"
	like "a socket for its group" "$(debug "$line")" \
	    "may not connect to $T/run/socket: this process is not in group root .* EACCES$"
	chgrp 4711 "$T/run/socket"
	like "a group that has no name" "$(debug "$line")" \
	    "not in group with gid 4711 .* EACCES$"
	chmod 0666 "$T/run/socket"
	chmod 0700 "$T/run"
	like "a directory on the way" "$(debug "$line")" \
	    "may not connect to $T/run/socket: a directory .* EACCES$"
	chmod 0755 "$T/run"
}
like "a path too long" "$(BSOCK_SOCKET=/$(printf %0200d 0) debug "$line")" \
    "File name too long"
is "it is silent unless it is told to speak" "$(shim "$B/ask" -k "$other" 2>&1)" \
    EACCES
finish
