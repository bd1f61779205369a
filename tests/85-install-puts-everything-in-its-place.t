#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need make cc

# With the objects that stand, but other paths, into a place of its own.
D=$T/dest
run_make() {
	make -s --no-print-directory -j2 -C "$TOP" O="$T/build" \
	    CFLAGS=-O0 DESTDIR="$D" "$@"
}
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

mode() {
	stat -c %a "$D$1"
}
installed() {
	(cd "$D" && find . ! -type d | LC_ALL=C sort)
}

ok "make install" run_make PREFIX=/opt/b install install-systemd \
    install-openrc install-sysv
for file in sbin/bsock sbin/bsockctl bin/bsock-run lib/libbsock.so.0 \
    lib/libbsock.so lib/libbsock.a lib/libbsock_preload.so include/bsock.h \
    lib/pkgconfig/libbsock.pc etc/bsock etc/bsock.resvaddr \
    share/man/man8/bsock.8 share/man/man5/bsock.resvaddr.5 \
    share/bash-completion/completions/bsockctl \
    lib/systemd/system/bsock.service lib/sysusers.d/bsock.conf; do
	ok "$file" [ -e "$D/opt/b/$file" ]
done
is "bsock's mode" "$(mode /opt/b/sbin/bsock)" 550
is "the config's" "$(mode /opt/b/etc/bsock)" 644
is "the socket directory's" "$(mode /opt/b/var/run/bsock)" 755
ok "the installed config is right" "$D/opt/b/sbin/bsock" -t \
    -c "$D/opt/b/etc/bsock" -r "$D/opt/b/etc/bsock.resvaddr"
is "libbsock.so is a link" "$(readlink "$D/opt/b/lib/libbsock.so")" libbsock.so.0
like "the program has these paths" "$("$D/opt/b/sbin/bsock" -V)" \
    "/opt/b/var/run/bsock/socket"
like "the manual too" "$(cat "$D/opt/b/share/man/man8/bsock.8")" \
    "/opt/b/var/run/bsock/socket"
like "and the unit" "$(cat "$D/opt/b/lib/systemd/system/bsock.service")" \
    "^ExecStart=/opt/b/sbin/bsock -d -F\$"
like "whose socket directory may be written" \
    "$(cat "$D/opt/b/lib/systemd/system/bsock.service")" \
    "^ReadWritePaths=/opt/b/var/run/bsock\$"
is "nothing has a placeholder left" \
    "$(grep -rIlE '@[A-Z]+@' "$D")" ""
like "pkg-config's file" "$(cat "$D/opt/b/lib/pkgconfig/libbsock.pc")" \
    "^libdir=/opt/b/lib\$"

echo "# mine" >>"$D/opt/b/etc/bsock"
ok "again" run_make PREFIX=/opt/b install
like "a config file is never overwritten" "$(cat "$D/opt/b/etc/bsock")" mine
ok "uninstall" run_make PREFIX=/opt/b uninstall
is "leaves the changed config, and what init needs" "$(installed)" \
    "./etc/init.d/bsock
./opt/b/etc/bsock"

rm -rf "$D"
ok "setuid" run_make PREFIX=/opt/b install-suid
is "bsock's mode then" "$(mode /opt/b/sbin/bsock)" 4550

# A release, twice.
if git -C "$TOP" rev-parse HEAD >/dev/null 2>&1; then
	one=$(run_make dist) && sum=$(sha256sum <"$one") && rm "$one"
	two=$(run_make dist)
	is "dist gives the same bytes" "$(sha256sum <"$two")" "$sum"
	like "with everything in it" "$(tar tzf "$two")" "/bsock_serve.c\$"
fi

finish
