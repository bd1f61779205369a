#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need busybox node nginx
. "${0%/*}/lib/run.sh"
. "${0%/*}/lib/client.sh"
. "${0%/*}/lib/programs.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1
ok "the programs are built" kinds_build
cell=

# The matrix of bsock-run(1): PROGRAM, then preload, notify, auto.
row() {
	got=
	for mode in preload notify auto; do
		cell "$1" $mode
		got="$got $cell"
	done
	is "$1: preload, notify, auto" "${got# }" "$2 $3 $4"
}

row go fails serves serves
row go-cgo fails serves serves
row busybox-httpd fails serves serves
row busybox-daemon fails serves serves
row static fails serves serves
row static-daemon fails serves serves
row i386 fails serves serves
row dynamic serves serves serves
row closes-all serves serves serves
row python serves serves serves
row node serves serves serves
row nginx-daemon serves serves serves
row script serves serves serves
# auto looks at the interpreter of a script, not at what it starts.
row script-of-static fails serves fails

finish
