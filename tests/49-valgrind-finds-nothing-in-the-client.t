#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need valgrind nm

if nm "$B/ask" | grep -q '__[a-z]*san_'; then
	skip_all "not in a sanitizer build"
fi

kept="AF_INET6 SOCK_STREAM tcp 80 ::1"
datagrams="AF_INET SOCK_DGRAM udp 80 127.0.0.1"
plain="AF_INET SOCK_STREAM tcp 81 127.0.0.1"
none="AF_INET SOCK_STREAM tcp 82 127.0.0.1"
rules "$SVC $kept" "$SVC $datagrams" "$SVC $plain"
reserve "$kept" "$datagrams"
daemon_start || exit 1

# The program has one socket at its end, its own; an error is exit status 9.
clean() {
	"$@" >"$T/out" 2>&1
	[ $? -lt 9 ] || {
		cat "$T/svc/valgrind"
		return 1
	}
	[ "$(grep -c 'Open .* socket' "$T/svc/valgrind")" -eq 1 ]
}

# valgrind 3.19 cannot read what clang writes by itself.
make -s -C "$TOP" O="$T/build" CFLAGS="-O1 -gdwarf-4" \
    "$T/build/tests/prog/ask" "$T/build/libbsock_preload.so" \
    >"$T/make" 2>&1 || diag "$(cat "$T/make")"
BUILD=$T/build
set -- valgrind -q --error-exitcode=9 --leak-check=full --track-fds=yes \
    --show-leak-kinds=all --log-file="$T/svc/valgrind" "$BUILD/tests/prog/ask"

for line in "$kept" "$kept" "$datagrams" "$plain"; do
	ok "the library: $line" clean svc "$@" "$line"
	is "it was bound" "$(cat "$T/out")" 0
	ok "a made socket" clean svc "$@" -s "$line"
	is "it was bound" "$(cat "$T/out")" 0
	ok "the shim" clean shim "$@" -k "$line"
	is "it was bound" "$(cat "$T/out")" 0
done
ok "no rule" clean svc "$@" "$none"
is "it was not bound" "$(cat "$T/out")" EACCES
ok "no rule, under the shim" clean shim "$@" -k "$none"
is "it was not bound" "$(cat "$T/out")" EACCES
daemon_stop
ok "no daemon, under the shim" clean shim "$@" -k "$plain"
is "it was not bound" "$(cat "$T/out")" EACCES

finish
