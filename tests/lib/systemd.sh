# systemd.sh - for tests that run bsock under a real systemd, after fresh.sh
# and tap.sh: a system with nothing but bsock, in namespaces of its own.
#	system_make	installs bsock and its units below $root; $etc is where
#			more units go
#	system_start	starts its systemd
#	there CMD...	runs a command in it
#	main_pid UNIT	of a service
#	system_stop	ends it; nothing of it is left

need make systemctl nsenter pgrep
[ -x /lib/systemd/systemd ] || skip_all "systemd is not installed"
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"

etc=${root:?}/etc/systemd/system

install_into() {
	make -s -j2 -C "$TOP" O="$T/build" CFLAGS=-O0 PREFIX=/usr DESTDIR="$root" \
	    BSOCK_GROUP=bsock BSOCK_MODE=0755 OWN_BSOCK=: \
	    install install-systemd && in_root systemd-sysusers bsock.conf
}

# No unit of this machine is started, and nothing that all systems share is
# written to.
system_make() {
	fresh || skip_all "no overlay can be mounted here"
	ok "installed" install_into
	for dir in "$root"/lib/systemd/system/*.wants \
	    "$root"/etc/systemd/system/*.wants; do
		rm -rf "$dir"
	done
	# Device nodes cannot be made here; the rest of the hardening is in
	# force.
	mkdir -p "$etc/bsock.service.d"
	cat >"$etc/bsock.service.d/test.conf" <<-END
	[Service]
	PrivateDevices=no
	StandardOutput=null
	StandardError=append:/tmp/log
	END
	printf '[Unit]\nWants=bsock.service\n' >"$etc/bsock-test.target"
	for unit in sysinit basic network-pre network-online sockets; do
		printf '[Unit]\nDefaultDependencies=no\n' >"$etc/$unit.target"
	done
}

system_start() {
	mkdir /mnt/cgroup
	mount -t cgroup2 none /mnt/cgroup &&
		mkdir -p "/mnt/cgroup/bsock-test.$$" ||
		skip_all "no control group can be made here"
	cat >/mnt/init <<-END
	echo \$\$ >/mnt/cgroup/bsock-test.$$/cgroup.procs
	exec unshare -C -p -f -i -u -m sh /mnt/init2
	END
	cat >/mnt/init2 <<-END
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
}

there() {
	timeout -k 1 30 nsenter -t "$init" -m -p -n -C -r -w env -i \
	    PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

main_pid() {
	there systemctl show -P MainPID "$1"
}

active() {
	[ "$(there systemctl is-active "$1")" = active ]
}

empty_groups() {
	find "/mnt/cgroup/bsock-test.$$" -depth -type d -exec rmdir {} +
}

system_stop() {
	kill -KILL "$init"
	wait $outer 2>/dev/null
	ok "nothing of it is left" eventually empty_groups
}
