#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

rules "@games AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "@65533 AF_INET SOCK_STREAM tcp 81 0.0.0.0" \
    "root AF_UNIX SOCK_STREAM 0 0 @roots"
daemon_start || exit 1

# as GIDS PORT: the service user with these groups, the first is its own
as() {
	setpriv --reuid=nobody --regid="${1%%,*}" --groups="$1" --inh-caps=-all \
	    "$PYTHON" -c "from client import *
print(ask('AF_INET SOCK_STREAM tcp $2 0.0.0.0'))"
}
export PYTHONPATH="$TESTS/lib" PYTHONDONTWRITEBYTECODE=1
GAMES=$(getent group games | cut -d: -f3)
MANY=$(seq -s, 20000 20100)
is "primary group" "$(as "$GAMES" 80)" "0 +fd"
is "supplementary group" "$(as "60000,$GAMES" 80)" "0 +fd"
is "the last of many" "$(as "$MANY,$GAMES" 80)" "0 +fd"
is "by number" "$(as "60000,65533" 81)" "0 +fd"
is "not a member" "$(as 60000 80)" EACCES
is "a member of another" "$(as "60000,65533" 80)" EACCES
is "gid 0 is nothing special" "$(as 0,0 80)" EACCES
is "nor is the socket's group" "$(as "60000,$(id -g)" 80)" EACCES
is "a uid is no gid" "$(setpriv --reuid="$GAMES" --regid=60000 \
    --clear-groups --inh-caps=-all "$PYTHON" -c "from client import *
print(ask('AF_INET SOCK_STREAM tcp 80 0.0.0.0'))")" EACCES

as_root() {
	"$PYTHON" -c "from client import *
print(ask('$1'))"
}
is "uid 0 needs no rule for a port" \
    "$(as_root "AF_INET SOCK_STREAM tcp 82 0.0.0.0")" "0 +fd"
is "but for a path" "$(as_root "AF_UNIX SOCK_STREAM 0 0 @other")" EACCES
is "and may have one" "$(as_root "AF_UNIX SOCK_STREAM 0 0 @roots")" "0 +fd"
finish
