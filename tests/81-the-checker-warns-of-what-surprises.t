#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

# A network namespace has settings of its own.
setting() {
	echo "$2" >"/proc/sys/net/ipv4/$1"
}
setting ip_local_port_range "32768 60999"
setting ip_unprivileged_port_start 1024

check() {
	"$BUILD/bsock" -t -c "$T/bsock" -r "$T/bsock.resvaddr" 2>&1
}

# warns NAME REGEX
warns() {
	out=$(check)
	is "$1: the exit status is 0" "$?" 0
	like "$1" "$out" "$2"
}

reserve ""
rules "$SVC AF_INET6 SOCK_STREAM tcp 80 ::"
warns ":: alone" "^$T/bsock:1:1: warning: \"::\" grants every IPv4 address"
rules "$SVC AF_INET6 SOCK_STREAM tcp 80 ::" \
    "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0"
is "not when IPv4 is granted as well" "$(check)" ""

rules "$SVC AF_INET SOCK_STREAM tcp 8080 0.0.0.0"
warns "a port for everybody" "bsock:1:1: warning: everybody may bind port 8080"
reserve "AF_INET SOCK_STREAM tcp 8080 0.0.0.0"
is "not when it is reserved" "$(check)" ""
reserve ""
rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0"
is "nor below the first such port" "$(check)" ""
setting ip_unprivileged_port_start 80
warns "which can be lower" "everybody may bind port 80 .*start is 80"
setting ip_unprivileged_port_start 1024

rules "$SVC AF_INET SOCK_STREAM tcp 40000 0.0.0.0"
reserve "AF_INET SOCK_STREAM tcp 40000 0.0.0.0"
warns "a port of outgoing connections" \
    "bsock.resvaddr:1:1: warning: port 40000 is one that outgoing"
setting ip_local_reserved_ports "39999-40001"
is "not when the system leaves it out" "$(check)" ""

rules "$SVC AF_INET SOCK_STREAM tcp 0 0.0.0.0"
reserve "AF_INET SOCK_STREAM tcp 700 0.0.0.0"
warns "a port that bindresvport gives too" \
    "bsock.resvaddr:1:1: warning: port 700 .*$T/bsock:1\)"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 /run/one"
reserve "AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "AF_UNIX SOCK_STREAM 0 0 /run/two"
warns "an address that no rule gives to anybody" \
    "bsock.resvaddr:1:1: warning: no rule in .*nobody but root can claim it"
like "nor a path" "$(check)" ":2:1: warning: no rule in .*: nobody can claim it"
reserve "AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "AF_INET6 SOCK_STREAM tcp 80 ::ffff:127.0.0.1" \
    "AF_UNIX SOCK_STREAM 0 0 /run/one"
is "not of those that can be claimed" "$(check | grep 'no rule')" ""

n=0
while [ $n -lt 30 ]; do
	echo "$SVC AF_INET SOCK_STREAM tcp $((9000 + n)) 0.0.0.0"
	n=$((n + 1))
done >"$T/bsock"
reserve ""
is "many of a kind are counted" "$(check | wc -l)" 11
like "how many" "$(check)" "20 more lines like"

finish
