#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need mandoc

# The option letters of a text: of "[-c config]", "-h | -V", "--json".
options() {
	grep -oE '(^|[[ |])-[a-zA-Z](\||[] ,]|$)' | tr -cd 'a-zA-Z\n' |
		sort -u | tr -d '\n'
}

synopsis() {
	mandoc -Tascii "$1" | col -b | sed -n '/^SYNOPSIS/,/^DESCRIPTION/p'
}

# What getopt is given in the program's source.
letters_of() {
	grep -hA1 'getopt\(_long\)*(' "$1" | grep -o '"[^"]*"' | tr -d '"+:\n' |
		fold -w 1 | sort -u | tr -d '\n'
}

agree() {
	program=$1 page=$BUILD/man/$1.$2 source=$TOP/$3
	wanted=$(letters_of "$source")
	is "$program -h names its options" \
	    "$("$BUILD/$program" -h | sed 's/^  \(-.\), \(-.\) /\1 \2 /' |
		sed -n 's/^usage://p; s/^       //p; s/^  -/-/p' | options)" \
	    "$wanted"
	is "$program($2) names its options" \
	    "$(synopsis "$page" | options)" "$wanted"
	"$BUILD/$program" -h | awk 'length > 80' >"$T/wide"
	is "$program -h fits 80 columns" "$(cat "$T/wide")" ""
}

agree bsock 8 bsock.c
agree bsockctl 8 bsockctl.c
agree bsock-run 1 bsock_run.c

sections_of() {
	sed -n 's/^\.Sh //p' "$1"
}

# Every path that a page names and that is built in is the built-in one.
built_in() {
	sed -n 's/.*#define BSOCK_'"$1"'_PATH "\(.*\)"/\1/p' \
	    "$BUILD/bsock_paths.h"
}

for page in "$BUILD"/man/*; do
	name=${page##*/}
	is "$name has nothing for mandoc to say" \
	    "$(mandoc -Tlint -Wwarning "$page")" ""
	for section in EXAMPLES 'EXIT STATUS' FILES \
	    'SECURITY CONSIDERATIONS'; do
		like "$name has $section" "$(sections_of "$page")" \
		    "^$section\$"
	done
	is "$name has no placeholder left" \
	    "$(grep -E '@[A-Z]+@' "$page")" ""
done
for page in bsock.8 bsockctl.8; do
	for what in CONFIG RESVADDR SOCKET; do
		like "$page names $(built_in $what)" \
		    "$(cat "$BUILD/man/$page")" "$(built_in $what)"
	done
done
like "bsock -V names the same" "$("$BUILD/bsock" -V)" "$(built_in CONFIG)"
like "libbsock_preload(7) names the shim" \
    "$(cat "$BUILD/man/libbsock_preload.7")" "$(built_in PRELOAD)"
pages=$(cd "$BUILD/man" && echo *)
for program in bsock bsockctl bsock-run; do
	like "$program has a page" "$pages" "(^| )$program\.[18]"
done

finish
