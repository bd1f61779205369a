#!/bin/sh
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need make curl python3 systemctl nsenter pgrep
[ -x /lib/systemd/systemd ] || skip_all "systemd is not installed"
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"
fresh || skip_all "no overlay can be mounted here"

# --- a system with nothing but bsock, and its own systemd --------------------

install_into() {
	make -s -j2 -C "$TOP" O="$T/build" CFLAGS=-O0 PREFIX=/usr DESTDIR="$root" \
	    BSOCK_GROUP=bsock BSOCK_MODE=0755 OWN_BSOCK=: \
	    install install-systemd && in_root systemd-sysusers bsock.conf
}
ok "installed" install_into
etc=$root/etc/systemd/system
rule="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
echo "www-data $rule" >>"$root/etc/bsock"
echo "$rule" >>"$root/etc/bsock.resvaddr"
# No other unit is started, and nothing that all systems share is written to.
for dir in "$root"/lib/systemd/system/*.wants "$root"/etc/systemd/system/*.wants
do
	rm -rf "$dir"
done
# Device nodes cannot be made here; the rest of the hardening is in force.
mkdir -p "$etc/bsock.service.d"
cat >"$etc/bsock.service.d/test.conf" <<END
[Service]
PrivateDevices=no
StandardOutput=null
StandardError=append:/tmp/log
END
printf '[Unit]\nWants=bsock.service\n' >"$etc/bsock-test.target"
for unit in sysinit basic network-pre sockets; do
	printf '[Unit]\nDefaultDependencies=no\n' >"$etc/$unit.target"
done

mkdir /mnt/cgroup
mount -t cgroup2 none /mnt/cgroup && mkdir -p "/mnt/cgroup/bsock-test.$$" ||
	skip_all "no control group can be made here"
cat >/mnt/init <<END
echo \$\$ >/mnt/cgroup/bsock-test.$$/cgroup.procs
exec unshare -C -p -f -i -u -m sh /mnt/init2
END
cat >/mnt/init2 <<END
mount -t proc proc $root/proc
mount --bind $root/proc/sys $root/proc/sys
mount -o remount,bind,ro $root/proc/sys
mount -t sysfs -o ro sysfs $root/sys
mount -t tmpfs tmpfs $root/sys/fs/cgroup
mount -t cgroup2 none $root/sys/fs/cgroup
mkdir $root/old
cd $root
pivot_root . old
umount -l /old
mount --make-rshared /
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=bsock-test.target
END
sh /mnt/init >"$T/console" 2>&1 &
outer=$!
started $outer
eventually pgrep -P $outer
init=$(pgrep -P $outer)
started "$init"

# there CMD...: runs it in that system.
there() {
	timeout -k 1 30 nsenter -t "$init" -m -p -n -C -r -w env -i \
	    PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
active() {
	[ "$(there systemctl is-active bsock)" = active ]
}
main_pid() {
	there systemctl show -P MainPID bsock
}
held() {
	there bsockctl status | grep -q '^tcp 80 127.0.0.1 .*listening'
}

ok "the service starts, and says when it is ready" eventually active
ok "systemctl reload" there systemctl reload bsock
like "was taken" "$(there bsockctl status)" "generation 2"

gid=$(in_root getent group bsock | cut -d: -f3)
there setpriv --reuid=www-data --regid=www-data --groups="$gid" \
    --inh-caps=-all bsock-run python3 -m http.server --bind 127.0.0.1 80 \
    >"$T/web" 2>&1 &
started $!
ok "a server has its address" eventually held
page() {
	there curl -sS -o /dev/null --max-time 2 http://127.0.0.1/
}
ok "and serves" eventually page

before=$(main_pid)
ok "systemctl restart" there systemctl restart bsock
ok "another process" [ "$(main_pid)" != "$before" ]
ok "still has the server's socket" held
before=$(main_pid)
[ "$before" -le 1 ] || there kill -KILL "$before"
new_process() {
	active && [ "$(main_pid)" != "$before" ]
}
ok "one that was killed comes back" eventually new_process
ok "with the server's socket" eventually held
before=$(main_pid)
[ "$before" -le 1 ] || there kill -USR2 "$before"
replaced() {
	there grep -q 'replacing this process' /tmp/log && held
}
ok "it replaces itself" eventually replaced
is "and is the same process" "$(main_pid)" "$before"
ok "all the time the server serves" page

ok "systemctl stop" there systemctl stop bsock
ok "the socket unit" there systemctl start bsock.socket
ok "starts it at the first question" there bsockctl status
ok "and it is active" active

kill -KILL "$init"
wait $outer 2>/dev/null
empty_groups() {
	find "/mnt/cgroup/bsock-test.$$" -depth -type d -exec rmdir {} +
}
ok "nothing of it is left" eventually empty_groups
finish
