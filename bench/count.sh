#!/bin/sh
# count.sh client|daemon: instructions of one request in user space, as
# callgrind counts them, for the daemon with the line of its log.  BUILD is
# where make built; client needs something that serves at $BSOCK_SOCKET.
BUILD=${BUILD:-build}
n=500
case ${1:-} in
client) set -- "$1" --toggle-collect=bsock_bind_addrinfo ;;
daemon)
	set -- "$1" --toggle-collect=bsock_serve \
	    --toggle-collect=bsock_log_drain
	;;
*)
	echo "usage: count.sh client|daemon" >&2
	exit 2
	;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
# Valgrind cannot read every compiler's debugging information; getenv(3) takes
# longer in a larger environment; the log goes to a file.
strip -g -o "$dir/count" "$BUILD/bench/count" &&
	env -i PATH="$PATH" BSOCK_SOCKET="${BSOCK_SOCKET:-}" \
	    valgrind -q --tool=callgrind --callgrind-out-file="$dir/out" \
	    "$2" ${3:+"$3"} "$dir/count" "$1" $n 2>"$dir/log" || {
	tail -n 3 "$dir/log" >&2
	exit 1
}
awk -v n=$n '/^totals:/ { printf "%.0f\n", $2 / n }' "$dir/out"
