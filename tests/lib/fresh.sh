# fresh.sh - a fresh system: this one under an overlay, in a mount namespace
# that ends with the test, so that nothing of it is left.  To be read before
# tap.sh, which it starts anew:
#
#	fresh		makes it, at $root
#	in_root CMD...	runs a command there
#
# $root is never below $T, which is removed at the end.

if [ "$(id -u)" = 0 ] && [ -z "${IN_MOUNTS:-}" ]; then
	export IN_MOUNTS=1
	exec unshare -m "$0"
fi
root=/mnt/root

fresh() {
	mount -t tmpfs tmpfs /mnt &&
		mkdir /mnt/upper /mnt/work "$root" &&
		mount -t overlay overlay -o "lowerdir=/,upperdir=/mnt/upper" \
		    -o workdir=/mnt/work "$root" &&
		mount --bind /proc "$root/proc" &&
		mount -t tmpfs tmpfs "$root/run" &&
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" &&
		mount -t tmpfs tmpfs "$root/dev" &&
		for node in null zero urandom random tty; do
			: >"$root/dev/$node" &&
				mount --bind "/dev/$node" "$root/dev/$node"
		done &&
		ln -s /proc/self/fd "$root/dev/fd" &&
		rm -rf "$root/usr/local/etc/bsock"*
}

in_root() {
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
