#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

kinds="AF_INET/SOCK_STREAM/tcp/127.0.0.1 AF_INET6/SOCK_STREAM/tcp/::1
    AF_INET/SOCK_STREAM/mptcp/127.0.0.1 AF_INET/SOCK_DGRAM/udp/127.0.0.1
    AF_INET6/SOCK_DGRAM/udp/::1"

# line KIND PORT: the line of a config.
line() {
	echo "$1" | {
		IFS=/ read -r family type protocol host
		echo "$family $type $protocol $2 $host"
	}
}

# Port 80 is reserved, port 81 is not: there the socket is the program's own.
for kind in $kinds; do
	case $kind in *mptcp*) continue ;; esac
	line "$kind" 80 >>"$T/bsock.resvaddr"
	for port in 80 81; do
		echo "$SVC $(line "$kind" $port)" >>"$T/bsock"
	done
done
daemon_start || exit 1

# What the program sees, with set or no options, on a port.
sees() {
	shim_start "$B/options" "$1" "$(line "$kind" "$2")" >"$T/$1-$2"
	eventually grep -q ready "$T/$1-$2"
	stop $!
}

ready() {
	grep -q ready "$T/$1-80"
}

for kind in $kinds; do
	"$B/ask" -k "$(line "$kind" 8080)" >/dev/null || {
		diag "no $kind here"
		continue
	}
	sees set 81
	sees none 81
	sees set 80
	ok "$kind: it was bound" ready set
	ok "a first claim" diff "$T/set-81" "$T/set-80"
	sees none 80
	ok "nothing is left of the holder before" diff "$T/none-81" "$T/none-80"
	sees set 80
	ok "and once more" diff "$T/set-81" "$T/set-80"
done
ok "the daemon kept them" grep -q 'grant.*kept=1' "$T/log"

finish
