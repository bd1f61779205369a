# suid.sh - a setuid installation, for tests that begin with
#	. "${0%/*}/lib/tap.sh"
#	tiers root
#	. "${0%/*}/lib/suid.sh"
# $SUID_ROOT is its prefix (an empty file system that this test alone sees),
# $SUID the program; everybody may execute it.  suid_rules LINE... writes its
# config.

[ -n "${SUID_NS:-}" ] || SUID_NS=1 TAP_TIER=$TIER exec unshare -m "$0"

SUID_ROOT=$BUILD/suid/root
SUID=$SUID_ROOT/sbin/bsock

suid_install() {
	mkdir -p "$SUID_ROOT" &&
		mount -t tmpfs -o mode=755 none "$SUID_ROOT" &&
		make -s -C "$TOP" SAN= O="$BUILD/suid" PREFIX="$SUID_ROOT" \
		    BSOCK_MODE=4555 install-suid >"$T/install" 2>&1
}

suid_rules() {
	printf '%s\n' "$@" >"$SUID_ROOT/etc/bsock"
}

if ! suid_install; then
	echo 'not ok 1 - a setuid installation'
	diag "$(tail -5 "$T/install")"
	exit 1
fi
