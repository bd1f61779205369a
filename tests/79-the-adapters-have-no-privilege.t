#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1"
daemon_start || exit 1

# Of every thread: no capability in any set that counts, one user.
has_none() {
	for task in "/proc/$1"/task/*/status; do
		grep -E '^Cap(Inh|Prm|Eff|Amb):' "$task" |
			grep -v '	0000000000000000$' && return 1
	done
	return 0
}

is_user() {
	[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$1/status")" = \
	    "$2 $2 $2 $2" ]
}

# check NAME PID: it has started when it has the sockets that it wants.
check() {
	ok "$1: no capability" has_none "$2"
	ok "$1: one user, not root" is_user "$2" "$SVC_UID"
	like "$1: its descriptors are its own" \
	    "$(find "/proc/$2/fd" -type l | wc -l)" '^([3-9]|1[0-2])$'
}

# A descriptor that is none of their business, and what $1 of the namespace
# could do if it were run by somebody who can.
exec 9<"$T/bsock"
svc_start "$BUILD/bsock-socket-binder" -f "$T/svc/sb" 2>/dev/null
pid=$!
eventually test -S "$T/svc/sb"
ok "socket_binder: it serves" svc "$BUILD/examples/socket_binder_client" \
    "$T/svc/sb" tcp 4 80 127.0.0.1
check socket_binder $pid
not_ok "socket_binder: what it inherited is closed" \
    grep -q . "/proc/$pid/fdinfo/9"

svc_start "$BUILD/bsock-portlisten" -b 127.0.0.1 81 "$T/svc/r"
pid=$!
listens() {
	grep -q ':0051 00000000:0000 0A' /proc/net/tcp
}
eventually listens
check portlisten $pid
not_ok "portlisten: what it inherited is closed" \
    grep -q . "/proc/$pid/fdinfo/9"

mkfifo "$T/requests"
exec 8<>"$T/requests"
$SVC_RUN "$BUILD/bsock-sockcreator" <"$T/requests" >/dev/null 2>&1 &
pid=$!
started $pid
only_three() {
	[ "$(find "/proc/$pid/fd" -type l | wc -l)" -eq 3 ] &&
		grep -q bsock-sockcreat "/proc/$pid/comm"
}
ok "sockcreator: three descriptors" eventually only_three
check sockcreator $pid
exec 8>&-

# Started by somebody who has capabilities, they give them up.
run_capable() {
	case $TIER in
	root) "$@" ;;
	userns) setpriv --ambient-caps=+net_bind_service,+chown \
	    --inh-caps=+net_bind_service,+chown "$@" ;;
	esac
}
pid=$(run_capable "$BUILD/bsock-socket-binder" -p "$T/run/sb" 2>/dev/null)
started "$pid"
ok "socket_binder, started with capabilities: it has none" has_none "$pid"
is "... nor can it bind without bsock" "$(stop "$DAEMON"
	"$BUILD/examples/socket_binder_client" "$T/run/sb" tcp 4 80 127.0.0.1 \
	    2>&1)" "No such file or directory"

# They are plain programs: no setuid, no file capability, no library but libc.
for name in socket-binder sockcreator portlisten; do
	is "bsock-$name: an ordinary file mode" \
	    "$(find "$BUILD/bsock-$name" -perm /6000)" ""
	nm "$BUILD/bsock-$name" | grep -Eq '__(asan|tsan|ubsan)_' ||
		is "bsock-$name: nothing but libc" "$(ldd \
		    "$BUILD/bsock-$name" | grep -Ev 'libc\.|ld-linux|vdso')" ""
done

finish
