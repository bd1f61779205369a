#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1"
daemon_start || exit 1
is "bind" "$(svc "$B/ask" -a "AF_INET SOCK_STREAM tcp 80 0.0.0.0")" "0 AF_INET SOCK_STREAM tcp 80 0.0.0.0"
is "bind -s" "$(svc "$B/ask" -sa "AF_INET SOCK_STREAM tcp 81 127.0.0.1")" "0 AF_INET SOCK_STREAM tcp 81 127.0.0.1"
is "bind" "$(svc "$B/ask" -a "AF_INET SOCK_STREAM tcp 82 0.0.0.0")" "EACCES"
is "bind" "$(svc "$B/ask" -ka "AF_INET SOCK_STREAM tcp 80 0.0.0.0")" "EACCES"
is "shim" "$(BSOCK_PRELOAD_DEBUG=1 LD_PRELOAD=$BUILD/libbsock_preload.so svc "$B/ask" -ka "AF_INET SOCK_STREAM tcp 80 0.0.0.0" 2>&1)" "0"
is "shim" "$(BSOCK_PRELOAD_DEBUG=1 LD_PRELOAD=$BUILD/libbsock_preload.so svc "$B/ask" -ka "AF_INET SOCK_STREAM tcp 82 0.0.0.0" 2>&1)" "0"
cat $T/log
finish
