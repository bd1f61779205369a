#!/bin/sh
# The user-space half of a request's cost, counted: what no busy machine
# hides.  Changed on purpose?  bench/README.md says how to renew the table.
. "${0%/*}/lib/tap.sh"
tiers root userns plain
need valgrind

wanted() {
	awk -v what="$1" -v build="$this" '
	    $1 == what && substr($0, index($0, $3)) == build { print $2 }' \
	    "$TOP/bench/instructions"
}

within_2_percent() {
	[ $((($1 - $2) * 50)) -le "$2" ] && [ $((($2 - $1) * 50)) -le "$2" ]
}

check() {
	got=$(BUILD=$BUILD "$TOP/bench/count.sh" "$1")
	ok "$1: $got instructions a request, $(wanted "$1") expected" \
	    within_2_percent "$got" "$(wanted "$1")"
}

this="$(uname -m) $("$BUILD/bench/count" build)"
[ -n "$(wanted client)" ] ||
	skip_all "bench/instructions knows no build like this: $this"

"$BUILD/bench/floor" "$T/run/floor" &
started $!
eventually test -S "$T/run/floor"
BSOCK_SOCKET=$T/run/floor
export BSOCK_SOCKET

check client
check daemon
finish
