#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root plain

LINE="$SVC_UID AF_INET SOCK_STREAM tcp 80 127.0.0.1"
rules "$LINE"
: >"$T/bsock.resvaddr"
check() {
	"$BUILD/bsock" -t -c "${1:-$T/bsock}" -r "${2:-$T/bsock.resvaddr}" 2>&1
}
refused() {
	out=$(check "$2")
	is "$1: refused" $? 1
	like "$1: why" "$out" "$3"
}

ok "a file of ours" check
chmod 644 "$T/bsock" && ok "readable by all" check
chmod 664 "$T/bsock" && refused "group-writable" "$T/bsock" "chmod go-w"
chmod 646 "$T/bsock" && refused "world-writable" "$T/bsock" "chmod go-w"
chmod 600 "$T/bsock"
ln -s "$T/bsock" "$T/link"
refused "a symbolic link" "$T/link" "symbolic link"
mkfifo "$T/fifo"
refused "a fifo: nobody waits for it" "$T/fifo" "not a regular file"
refused "a directory" "$T" "not a regular file"
refused "a device" /dev/zero "not a regular file"
refused "no file" "$T/none" "No such file"
out=$(check "$T/bsock" "$T/none")
is "no resvaddr is an empty one" "$?$out" 0
ok "a resvaddr that is writable by others is refused" \
    fails check "$T/bsock" "$T/fifo"
if [ "$TIER" = root ]; then
	chown nobody "$T/bsock"
	refused "somebody else's" "$T/bsock" "owner is neither"
	chmod 644 "$T/bsock"
	chown root "$T/bsock"
	chmod 644 "$T/bsock.resvaddr"
	ok "root's is good for everybody" svc "$BUILD/bsock" -t \
	    -c "$T/bsock" -r "$T/bsock.resvaddr"
	chown daemon "$T/bsock"
	not_ok "another user's is not" svc "$BUILD/bsock" -t \
	    -c "$T/bsock" -r "$T/bsock.resvaddr"
fi
finish
