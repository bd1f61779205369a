#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

# What the texts say of tests, "tests/50", "35-*", "90-every-thread-*", or
# with the whole name, is the name of a test, and of no two by accident.
cd "$TOP" || exit 1

# named FILE: the tests that it names, one a line, as a pattern.
named() {
	grep -oE 'tests/[A-Za-z0-9_/.*-]+|\<[0-9]{2}-([A-Za-z0-9]*-)*\*' "$1" |
		sed -E 's/\.+$//; s|^tests/||' | sort -u
}

# exists PATTERN: 50 is 50-*, unit/priv is unit/priv.c.
exists() {
	case $1 in
	[0-9][0-9]) set -- "$1-*" ;;
	esac
	# shellcheck disable=SC2231 # a pattern
	for file in tests/$1 tests/$1.[ct]; do
		[ ! -e "$file" ] || return 0
	done
	return 1
}

missing() {
	for text in NOTES README.md CHANGES bench/README.md \
	    man/* ./*.[ch]; do
		for name in $(set -f; named "$text"); do
			exists "$name" || echo "$text: $name"
		done
	done
}
is "every test that is named exists" "$(missing)" ""
# There are some, and one that does not exist is seen.
printf 'see tests/50, 35-* and tests/unit/priv.c (99-none-*).\n' >"$T/text"
is "names are found" "$(named "$T/text" | xargs)" \
    "35-* 50 99-none-* unit/priv.c"
not_ok "99-none-*" exists '99-none-*'
ok "50" exists 50
like "NOTES names many" "$(named NOTES | wc -l)" '^[2-9][0-9]$'

finish
