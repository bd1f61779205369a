#!/bin/sh
# The user-space half of a request's cost, counted: what no busy machine
# hides.  Changed on purpose?  bench/README.md says how to renew the table.
. "${0%/*}/lib/tap.sh"
tiers root userns plain
need valgrind

# wanted client|daemon BUILD: the expectation for that build, if there is one.
wanted() {
	awk -v what="$1" -v build="$2" '
	    $1 == what && substr($0, index($0, $3)) == build { print $2 }' \
	    "$TOP/bench/instructions"
}

# within PERCENT GOT WANTED
within() {
	[ $((($2 - $3) * 100)) -le $(($1 * $3)) ] &&
		[ $((($3 - $2) * 100)) -le $(($1 * $3)) ]
}

# What is known of other compilers is that they cannot be far off.
check() {
	expected=$(wanted "$1" "$this") percent=2
	[ -n "$expected" ] ||
		expected=$(wanted "$1" "$reference") percent=50
	got=$(BUILD=$BUILD "$TOP/bench/count.sh" "$1")
	ok "$1: $got instructions a request, $expected expected" \
	    within $percent "$got" "$expected"
}

this="$(uname -m) $("$BUILD/bench/count" build)"
reference="x86_64 -O2 -g glibc-2.36 12.2.0"
case $this in
*-fsanitize=*) skip_all "not in a sanitizer build: they count for themselves" ;;
esac

"$BUILD/bench/floor" "$T/run/floor" &
started $!
eventually test -S "$T/run/floor"
BSOCK_SOCKET=$T/run/floor
export BSOCK_SOCKET

diag "built with: $this"
check client
check daemon
finish
