#!/bin/sh
# count.sh client|daemon: instructions of one request in user space, as
# callgrind counts them.  BUILD is where make built; client needs something
# that serves at $BSOCK_SOCKET.
BUILD=${BUILD:-build}
n=500
case ${1:-} in
client) function=bsock_bind_addrinfo ;;
daemon) function=bsock_serve ;;
*)
	echo "usage: count.sh client|daemon" >&2
	exit 2
	;;
esac
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
# Its lines go to a file, as a service manager's pipe would take them.
valgrind -q --tool=callgrind --callgrind-out-file="$out" \
    --toggle-collect=$function "$BUILD/bench/count" "$1" $n \
    2>"$out.log" || {
	tail -n 3 "$out.log" >&2
	rm -f "$out.log"
	exit 1
}
rm -f "$out.log"
awk -v n=$n '/^totals:/ { printf "%.0f\n", $2 / n }' "$out"
