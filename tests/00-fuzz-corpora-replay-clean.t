#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

# Every decoder's corpus through its fuzz target, built like everything else.
for target in "$TESTS"/fuzz/*.c; do
	name=${target##*/}
	name=${name%.c}
	ok "corpus of $name" "$BUILD/tests/fuzz/$name" \
	    "$TESTS/fuzz/corpus/$name"/*
done

finish
