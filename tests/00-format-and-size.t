#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need clang-format

sources() {
	find "$TOP" \( -name 'build*' -o -name .git \) -prune -o \
	    -name '*.[ch]' ! -path '*/probes/*' -print
}

shipped() {
	ls "$TOP"/*.c "$TOP"/adapters/*.c 2>/dev/null
}

is_formatted() {
	sources | xargs clang-format --dry-run -Werror
}

# The lines of each function: from its name in the first column to the brace.
functions() {
	shipped | xargs awk '
	/^[a-z_A-Z][a-zA-Z_0-9]*\(/ && !/;$/ { name = $0; start = FNR }
	/^}$/ && name != "" {
		sub(/\(.*/, "", name)
		print FNR - start, FILENAME ":" start, name; name = ""
	}' | sort -n
}
functions >"$T/functions"

longer_than() {
	awk -v max="$1" '$1 > max' "$T/functions"
}

median() {
	awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }' "$T/functions"
}

long_files() {
	shipped | xargs wc -l | awk '$1 > 500 && $2 != "total"'
}

# The second line of each file: " * name - what it is for".
untitled() {
	for file in "$TOP"/*.[ch] "$TOP"/adapters/*.[ch]; do
		sed -n 2p "$file" | grep -Eq '^ \* [a-z_-]+(\.h)? - .' ||
			echo "${file#"$TOP"/}"
	done
}

ok "clang-format has nothing to change" is_formatted
ok "functions were found" [ "$(wc -l <"$T/functions")" -gt 50 ]
is "no function has more than 60 lines" "$(longer_than 60)" ""
ok "half of them have at most 15 ($(median))" [ "$(median)" -le 15 ]
is "no file has more than 500 lines" "$(long_files)" ""
is "each begins with its name and what it is for" "$(untitled)" ""

finish
