#!/bin/sh
# The units of two adapters, with all of their hardening, and their clients.
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need python3 useradd
. "$TESTS/lib/systemd.sh"

system_make
users_make() {
	in_root useradd -r sockbind && in_root useradd -r portlisten &&
		in_root groupadd app && in_root useradd -r -G app member &&
		in_root useradd -r stranger
}
ok "the users" users_make
cat >>"$root/etc/bsock" <<END
sockbind AF_INET SOCK_STREAM tcp 81 127.0.0.1
portlisten AF_INET SOCK_STREAM tcp 82 127.0.0.1
END
mkdir -p "$etc/bsock-portlisten@82.service.d"
cat >"$etc/bsock-portlisten@82.service.d/test.conf" <<END
[Service]
Environment=OPTIONS="-b 127.0.0.1"
Environment=RECEIVER=/run/app/connections
END
for name in bsock-socket-binder@ bsock-portlisten@; do
	mkdir -p "$etc/$name.service.d"
	printf '[Service]\nPrivateDevices=no\nStandardError=append:/tmp/log\n' \
	    >"$etc/$name.service.d/log.conf"
done
cp "$TESTS/lib/adapters.py" "$root/tmp"
system_start
ok "bsock serves" eventually active bsock

python() {
	there setpriv --reuid="$1" --regid="$1" --init-groups env \
	    PYTHONPATH=/tmp BUILD=/usr/bin T=/tmp python3 -c "
from adapters import *
$2"
}

ok "socket-binder starts" there systemctl start bsock-socket-binder@app
bind_81="s = tcp()
print(binder_bind('/run/bsock-socket-binder/app/socket', s, 4, 81, '127.0.0.1'),
    s.getsockname()[1])"
bound() {
	[ "$(python member "$bind_81" 2>&1)" = "0 81" ]
}
ok "a member of its group gets the port" eventually bound
like "a stranger may not ask" "$(python stranger "$bind_81" 2>&1)" \
    "PermissionError"
is "what no rule allows is refused" "$(python member "s = tcp()
print(errno.errorcode[binder_bind('/run/bsock-socket-binder/app/socket', s, 4,
    83, '127.0.0.1')])")" EACCES

ok "portlisten starts" there systemctl start bsock-portlisten@82
there install -d -o member /run/app
python member "s = receiver('/run/app/connections')
os.chmod('/run/app/connections', 0o666)
while True:
    take_connection(s).sendall(b'passed on')" 2>"$T/receiver" &
started $!
connected() {
	[ "$(python stranger "print(socket.create_connection(
	    ('127.0.0.1', 82), 2).recv(99).decode())" 2>&1)" = "passed on" ]
}
ok "a connection arrives at its receiver" eventually connected
UNITS="bsock-socket-binder@app bsock-portlisten@82"
is "neither can do more than its user" "$(for unit in $UNITS; do
	there grep -E '^(CapPrm|CapBnd|NoNewPrivs|Seccomp):' \
	    "/proc/$(main_pid "$unit")/status" | xargs
done | sort -u)" "CapPrm: 0000000000000000 CapBnd: 0000000000000000 \
NoNewPrivs: 1 Seccomp: 2"
for unit in $UNITS; do
	ok "$unit stops" there systemctl stop "$unit"
	is "in order" "$(there systemctl show -P Result "$unit")" success
done
is "nothing was not permitted" "$(grep -Ei 'permit|cannot' "$root/tmp/log")" ""

system_stop
finish
