#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "root AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1
export PYTHONPATH="$TESTS/lib" PYTHONDONTWRITEBYTECODE=1

# Without the cookie nobody can tell.
unshare -n "$PYTHON" -c "import socket
socket.socket(socket.AF_UNIX).getsockopt(1, 71, 8)" 2>/dev/null ||
	skip_all "this kernel has no SO_NETNS_COOKIE"

is "here it is bound" "$(client "print(ask(tcp(80, '127.0.0.1')))")" "0 +fd"
is "a client of another namespace" "$(unshare -n "$PYTHON" -c "
from client import *
print(ask(tcp(80, '127.0.0.1')))")" EACCES
logged 'reason=other-namespace '
is "its socket, sent from here" "$(unshare -n "$PYTHON" -c "
from client import *
there = socket.socket()
fd = os.open('/proc/$$/ns/net', os.O_RDONLY)
import ctypes
assert ctypes.CDLL(None).setns(fd, 0) == 0
print(ask(tcp(80, '127.0.0.1'), there), ask(tcp(80, '127.0.0.1')))
")" "EACCES 0 +fd"
finish
