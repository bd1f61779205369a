#!/bin/sh
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need dpkg-buildpackage lintian git python3 curl
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

# --- build ------------------------------------------------------------------

tree() {
	mkdir "$T/deb" "$T/deb/bsock" && cd "$TOP" &&
		git ls-files -co --exclude-standard | tar -cf - -T - |
		tar -xf - -C "$T/deb/bsock"
}
line=$(grep -o 'dpkg-buildpackage [-a-z ]*' "$TOP/README.md" | head -n 1)
build() {
	# shellcheck disable=SC2086 # words
	cd "$T/deb/bsock" &&
		DEB_BUILD_OPTIONS="noautodbgsym nocheck parallel=2" nice $line
}
ok "the tree" tree
ok "README.md: $line builds it" build
is "lintian has nothing to say" \
    "$(lintian --allow-root --fail-on none "$T"/deb/*.changes 2>&1)" ""
for package in bsock libbsock0 libbsock-dev; do
	ok "there is $package" [ -e "$(echo "$T"/deb/"$package"_*.deb)" ]
done

# --- install ----------------------------------------------------------------

installed() {
	in_root sh -c 'dpkg -i /tmp/bsock_*.deb /tmp/libbsock0_*.deb \
	    /tmp/libbsock-dev_*.deb'
}

fresh || skip_all "no overlay can be mounted here"
rm -f "$root/etc/bsock" "$root/etc/bsock.resvaddr"
cp "$T"/deb/*.deb "$TOP/debian/tests/smoke" "$root/tmp"
ok "the packages install" installed
ok "their smoke test" in_root /tmp/smoke

# A service as an administrator sets it up, with a reserved address.
cat >>"$root/etc/bsock" <<'END'
www-data AF_INET SOCK_STREAM tcp 443 127.0.0.1
END
echo 'AF_INET SOCK_STREAM tcp 443 127.0.0.1' >>"$root/etc/bsock.resvaddr"
ok "the files are right" in_root bsock -t
chroot "$root" env -i /usr/sbin/bsock -d -F 2>>"$T/log" &
DAEMON=$!
started $DAEMON
ok "the daemon serves" daemon_ready
mkdir "$root/tmp/www"
echo "hello from the package" >"$root/tmp/www/index.html"
web_start() {
	chroot "$root" setpriv --reuid=www-data --regid=www-data \
	    --groups=bsock --inh-caps=-all env -i PATH=/usr/bin:/bin \
	    bsock-run python3 -m http.server --bind 127.0.0.1 \
	    --directory /tmp/www 443 >>"$T/web" 2>&1 &
	WEB=$!
	started $WEB
}
page() {
	curl -sS --max-time 20 http://127.0.0.1:443/
}
web_start
ok "a server has port 443" eventually page
like "it is held" "$(in_root bsockctl status)" "^tcp 443 .* listening "
like "nothing else has it" \
    "$(in_root bsockctl explain www-data AF_INET SOCK_STREAM tcp 444 127.0.0.1)" \
    "^differs in: port\$"

# Upgrade: the same program under a new version, while pages are fetched.
newer() {
	cd "$T" && dpkg-deb -R "$T"/deb/bsock_*.deb new &&
		sed -i 's/^Version: .*/&+1/' new/DEBIAN/control &&
		cp new/usr/sbin/bsock new/usr/sbin/bsock.new &&
		mv new/usr/sbin/bsock.new new/usr/sbin/bsock &&
		dpkg-deb -b new "$root/tmp/new.deb"
}
same_file() {
	[ "$(stat -Lc %i "/proc/$DAEMON/exe")" = \
	    "$(stat -c %i "$root/usr/sbin/bsock")" ]
}
fetching() {
	while [ ! -e "$T/enough" ]; do
		page >>"$T/pages" 2>>"$T/web" ||
			echo "curl failed: $?" >>"$T/pages"
	done
}
ok "a newer package" newer
fetching &
fetcher=$!
started $fetcher
ok "the upgrade" in_root dpkg -i /tmp/new.deb
ok "replaces the daemon in place" eventually same_file
ok "which serves" eventually in_root bsockctl status
stop "$WEB"
web_start
ok "the server has its port again" eventually page
: >"$T/enough"
wait $fetcher
# What the server has accepted ends with it: an answer cut short (18), none
# (52), a reset (56).
is "nobody was refused" \
    "$(grep -Evx 'curl failed: (18|52|56)' "$T/pages" | sort -u)" \
    "hello from the package"

stop "$WEB"
daemon_stop
removed() {
	in_root dpkg --purge bsock libbsock-dev libbsock0
}
ok "the packages are removed" removed
is "with everything" \
    "$(in_root sh -c 'ls -d /usr/sbin/bsock* /usr/bin/bsock-* /etc/bsock* \
	/lib/systemd/system/bsock* 2>/dev/null')" ""

finish
