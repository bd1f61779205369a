#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need "${CC:-cc}"

# With probes forced to 0 everything compiles, without a warning.
mkdir "$T/build"
probes=$(cd "$TOP/probes" && ls -- *.c | sed 's/\.c$//')
flags=$(make -s -C "$TOP" -pn 2>/dev/null | sed -n 's/^WARN := //p' | head -n 1)

# The files that look at a probe; what all share is compiled in one of them.
users_of() {
	(cd "$TOP" && grep -l "HAVE_$1\\>" -- *.c
	grep -q "HAVE_$1\\>" "$TOP/bsock_compat.h" && echo bsock_fdpass.c) |
		sort -u
}

# compile FILES PROBE...: with these off.
compile() {
	sources=$1
	shift
	for probe in $probes; do
		value=$(sed -n "s/^#define HAVE_$probe //p" \
		    "$BUILD/bsock_probes.h")
		case " $* " in *" $probe "*) value=0 ;; esac
		echo "#define HAVE_$probe $value"
	done >"$T/build/bsock_probes.h"
	cp "$BUILD/bsock_paths.h" "$T/build/"
	for source in $sources; do
		# shellcheck disable=SC2086
		"${CC:-cc}" -std=c11 -D_GNU_SOURCE -I"$T/build" -I"$TOP" \
		    $flags -Werror -S -o "$T/out.s" "$TOP/$source" || return 1
	done
}

ok "there are flags ($flags)" [ -n "$flags" ]
for probe in $probes; do
	ok "$probe is looked at" [ -n "$(users_of "$probe")" ]
	ok "without $probe" compile "$(users_of "$probe")" "$probe"
done
# shellcheck disable=SC2086
ok "without any of them" compile "$(cd "$TOP" && ls -- *.c)" $probes
finish
