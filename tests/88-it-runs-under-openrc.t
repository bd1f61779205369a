#!/bin/sh
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need make python3 nsenter pgrep dpkg
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"
fresh || skip_all "no overlay can be mounted here"

# OpenRC is put into the fresh system alone: on a machine of somebody's it
# would take another one's place.
unpack_openrc() {
	in_root sh -c 'dpkg -i /var/cache/apt/archives/openrc_*.deb \
	    /var/cache/apt/archives/insserv_*.deb \
	    /var/cache/apt/archives/librc1_*.deb \
	    /var/cache/apt/archives/libeinfo1_*.deb'
}
in_root sh -c 'command -v openrc-run' >"$T/out" ||
	unpack_openrc >"$T/out" 2>&1 ||
	skip_all "neither installed nor in apt's cache: openrc"

ok "make install-openrc" make -s -j2 -C "$TOP" O="$T/build" CFLAGS=-O0 \
    PREFIX=/usr DESTDIR="$root" install install-openrc
rule="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
# A name that nobody knows is no reason not to start.
printf '%s\n' "nobody $rule" "nosuchuser $rule" >"$root/etc/bsock"
echo "$rule" >"$root/etc/bsock.resvaddr"

# Its first process takes the children that daemons leave.
cat >/mnt/init <<END
mount -t proc proc $root/proc
exec chroot $root sh -c 'while :; do sleep 1; done'
END
unshare -p -f -m sh /mnt/init 2>/dev/null &
outer=$!
started $outer
eventually pgrep -P $outer
init=$(pgrep -P $outer)
started "$init"
there() {
	timeout -k 1 30 nsenter -t "$init" -m -p -r -w env -i \
	    PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
rooted() {
	[ -e "/proc/$init/root/usr/sbin/bsock" ] &&
		there test -e /proc/1/status
}
eventually rooted
there sh -c 'mkdir -p /run/openrc && : >/run/openrc/softlevel'

service() {
	there rc-service bsock "$@"
}
pid() {
	there bsockctl status --json | sed -n 's/^"pid":\(.*\),/\1/p'
}

ok "start" service start
ok "it serves then" there bsockctl status
ok "status" service status
first=$(pid)
like "its log" "$(cat "$root/var/log/bsock.log")" "serving /run/bsock/socket"
ok "reload" service reload
like "was taken" "$(there bsockctl status)" "generation 2"
service checkconfig >"$T/out" 2>&1
is "checkconfig" $? 1
like "tells the line" "$(cat "$T/out")" '/etc/bsock:2:1: unknown user'

there setpriv --reuid=nobody --regid=nogroup --groups=daemon --inh-caps=-all \
    bsock-run python3 -m http.server --bind 127.0.0.1 80 >"$T/web" 2>&1 &
started $!
held() {
	there bsockctl status | grep -q '^tcp 80 127.0.0.1 .*listening'
}
ok "a server has its address" eventually held
ok "upgrade" service upgrade
upgraded() {
	grep -q 'replacing this process' "$root/var/log/bsock.log" &&
		[ "$(there bsockctl status --json |
			grep -c '"generation":1,')" = 1 ]
}
ok "starts the program anew" eventually upgraded
is "as the same process" "$(pid)" "$first"
ok "with the server's socket" held

echo nonsense >>"$root/etc/bsock"
not_ok "no reload of a bad file" service reload
not_ok "nor a restart" service restart
is "the daemon goes on" "$(pid)" "$first"
sed -i '/nonsense/d' "$root/etc/bsock"
ok "restart" service restart
second=$(pid)
not_ok "is another process" [ "$second" = "$first" ]
there kill -KILL "$second"
again() {
	now=$(pid)
	[ -n "$now" ] && [ "$now" != "$second" ]
}
ok "one that was killed comes back" eventually again
ok "stop" service stop
service status >"$T/out" 2>&1
is "it is stopped" $? 3
not_ok "and does not serve" there bsockctl status
echo nonsense >>"$root/etc/bsock"
not_ok "a bad file is told of at the start" service start

kill -KILL "$init"
finish
