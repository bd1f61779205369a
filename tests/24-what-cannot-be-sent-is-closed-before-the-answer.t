#!/bin/sh
# Too many descriptors are in flight: the client hears that it may ask again,
# and when it does, nothing of the first socket is in its way.
. "${0%/*}/lib/tap.sh"
tiers root userns
need strace
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_DGRAM udp $PORT 127.0.0.1"
daemon_start || exit 1
strace -f -o "$T/trace" -e trace=sendmsg,sendto,close \
    -e inject=sendmsg:error=ETOOMANYREFS:when=1 -p "$DAEMON" 2>"$T/strace" &
TRACER=$!
started $TRACER
eventually grep -q attached "$T/strace"
is "a socket that cannot be sent" \
    "$(client "print(ask('AF_INET SOCK_DGRAM udp $PORT 127.0.0.1'))")" EAGAIN
stop $TRACER
is "is closed, and then its client answered" \
    "$(sed -n 's/^[0-9]* *//; /INJECTED/,$s/(.*//p' "$T/trace" | head -n 3 |
    paste -sd ' ')" "sendmsg close sendto"
is "which gets it now" \
    "$(client "print(ask('AF_INET SOCK_DGRAM udp $PORT 127.0.0.1'))")" "0 +fd"
finish
