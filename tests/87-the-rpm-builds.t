#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need rpmbuild git
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

# What is in the working tree, as make dist packs a commit.
version=$(sed -n 's/^VERSION = //p' "$TOP/GNUmakefile")
dist() {
	cd "$TOP" && git ls-files -co --exclude-standard |
		tar -czf "$T/bsock-$version.tar.gz" --exclude='tests/[0-9]*' \
		    --transform "s|^|bsock-$version/|" -T -
}
# README.md's command; packages of this system are not rpm's.
line=$(grep -o 'rpmbuild -ta' "$TOP/README.md" | head -n 1)
build() {
	# shellcheck disable=SC2086 # words
	nice $line --nodeps --define "_topdir $T/rpm" \
	    --define 'debug_package %{nil}' "$T/bsock-$version.tar.gz"
}

ok "a tarball" dist
ok "README.md: $line builds it" build
files=$(rpm -qlp "$T"/rpm/RPMS/*/*.rpm 2>/dev/null)
for file in /usr/sbin/bsock /usr/sbin/bsockctl /usr/bin/bsock-run \
    libbsock_preload.so libbsock.so.0 /usr/include/bsock.h /etc/bsock \
    systemd/system/bsock.service man8/bsock.8 nginx.service.d-bsock.conf; do
	like "$file is in a package" "$files" "$file"
done
is "three packages" "$(echo "$T"/rpm/RPMS/*/*.rpm | wc -w)" 3
like "config files are kept" \
    "$(rpm -qcp "$T"/rpm/RPMS/*/bsock-"$version"*.rpm 2>/dev/null)" \
    "^/etc/bsock\$"

finish
