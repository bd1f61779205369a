#!/bin/sh
# authbind.sh FIRST COUNT USER COMMAND...: run a command as that user under
# authbind, which lets it have COUNT ports from FIRST upwards; in a mount
# namespace of its own, so that the machine's settings stay as they are.
first=$1 count=$2 user=$3
shift 3
if [ -z "${BENCH_UNSHARED:-}" ]; then
	BENCH_UNSHARED=1 exec unshare -m "$0" "$first" "$count" "$user" "$@"
fi
mount -t tmpfs -o mode=755 authbind /etc/authbind || exit 1
mkdir /etc/authbind/byport /etc/authbind/byaddr /etc/authbind/byuid || exit 1
# authbind wants a ! before the ports from 512 to 1023.
port=$first
while [ "$port" -lt $((first + count)) ]; do
	: >"/etc/authbind/byport/!$port"
	chmod 555 "/etc/authbind/byport/!$port"
	port=$((port + 1))
done
exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups \
    authbind "$@"
