#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need systemd-analyze make
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

make -s -j2 -C "$TOP" O="$T/build" CFLAGS=-O0 PREFIX="$T/usr" install install-systemd \
    BSOCK_SOCKET_DIR=/run/bsock DESTDIR= >"$T/out" 2>&1 || diag "$(cat "$T/out")"
units=$T/usr/lib/systemd/system

verify() {
	systemd-analyze verify --man=no "$@" 2>&1
}
ok "the units are installed" [ -s "$units/bsock.service" ]
is "service and socket" \
    "$(verify "$units/bsock.service" "$units/bsock.socket")" ""
# Drop-ins on a unit that stands for the distribution's.
for name in nginx postgresql; do
	mkdir -p "$units/$name.service.d"
	printf '[Service]\nExecStart=/bin/true\n' >"$units/$name.service"
	cp "$T/build/etc/systemd/$name.service.d-bsock.conf" \
	    "$units/$name.service.d/bsock.conf"
	is "$name's drop-in" "$(verify "$units/$name.service")" ""
done
# Broken ones are seen.
sed 's/^ExecStart=.*/ExecStart=nothing/' "$units/bsock.service" \
    >"$units/broken.service"
like "a broken one is not accepted" "$(verify "$units/broken.service")" \
    "broken.service"
like "the hardening counts" \
    "$(systemd-analyze security --offline=yes --no-pager \
	"$units/bsock.service" 2>&1 | tail -n 1)" "[0-2]\.[0-9] OK"

finish
