#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need python3

# Every configuration of NOTES' table, at its start, after a reload, and after
# re-execs: what /proc says of each thread, and what happens when the thread
# itself makes the calls that it must not.

# Capabilities as in /proc/PID/status.
BIND=0000000000000400
CHOWN=0000000000000001
BOTH=0000000000000401
NONE=0000000000000000

instrumented() {
	nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init'
}

# field NAME: its different values over all threads of the daemon.
field() {
	cat /proc/"$DAEMON"/task/*/status | sed -n "s/^$1:[[:space:]]*//p" |
		sort -u | tr '\n' ' ' | sed 's/ $//'
}

# All that is to be the same in each thread, in a line.
privileges() {
	echo "Eff $(field CapEff) Prm $(field CapPrm) Inh $(field CapInh)" \
	    "Amb $(field CapAmb) Bnd $(field CapBnd)" \
	    "NoNewPrivs $(field NoNewPrivs) Seccomp $(field Seccomp)" \
	    "Umask $(field Umask) Groups $(field Groups)"
}

# tries: what is wrong about what the threads may do, from the inside.
tries() {
	for task in /proc/"$DAEMON"/task/*; do
		"$B/inside" "${task##*/}" >"$T/inside" 2>&1 ||
			[ $? = 3 ] || cat "$T/inside"
		if [ "${task##*/}" = "$DAEMON" ]; then
			# It loads configs, makes threads, and replaces itself.
			grep -E '^(open|openat|execve|clone) EPERM' "$T/inside"
			grep -E '^(ptrace|process_vm_readv|mount|setns|kill|tgkill) allowed' \
			    "$T/inside"
		else
			grep allowed "$T/inside" && echo "in a thread"
		fi
	done
}

is_confined() {
	is "$1: privileges" "$(privileges)" "$WANTED"
	like "$1: no core dumps" "$(cat /proc/"$DAEMON"/limits)" \
	    '^Max core file size +0 +0 '
	instrumented || is "$1: from the inside" "$(tries)" ""
}

served() {
	grep -c '^<5>serving ' "$T/log"
}
serves_again() {
	[ "$(served)" -gt "$1" ]
}
# reexec N: the daemon executes itself so often.
reexec() {
	for _ in $(seq "$1"); do
		re_before=$(served)
		kill -USR2 "$DAEMON"
		eventually serves_again "$re_before" || diag "no re-exec"
	done
}

# has WHAT CAPS [BND]: every thread of the running daemon, at all times.
has() {
	seccomp=2
	! instrumented || seccomp=$(field Seccomp)
	WANTED="Eff $2 Prm $2 Inh $2 Amb $2 Bnd ${3:-$2} NoNewPrivs 1"
	WANTED="$WANTED Seccomp $seccomp Umask 0177 Groups ${GROUPS_LEFT-}"
	is_confined "$1"
	filters=$(field Seccomp_filters)
	daemon_reload
	is_confined "$1, after a reload"
	like "$1: reloaded" "$(tail -n 1 "$T/log")" '^<5>reloaded: '
	before=$(served)
	reexec 2
	is "$1: re-executed" "$(served)" $((before + 2))
	is_confined "$1, after re-execs"
	is "$1: re-execs add no filter" "$(field Seccomp_filters)" "$filters"
	daemon_stop
}

# started_as CMD...: the daemon as CMD runs it, where the service user may
# write.
started_as() {
	cp "$T/bsock" "$T/bsock.resvaddr" "$T/svc"
	chown "$SVC" "$T/svc/bsock" "$T/svc/bsock.resvaddr"
	: >"$T/log"
	"$@" "$BUILD/bsock" -d -F -c "$T/svc/bsock" -r "$T/svc/bsock.resvaddr" \
	    -s "$T/svc/socket" -g "$(id -g "$SVC")" 2>>"$T/log" &
	DAEMON=$!
	started $DAEMON
	daemon_ready || exit 1
}

# Root's groups are harmless and stay: root of a group is root.
GROUPS_LEFT=$(sed -n 's/^Groups:[[:space:]]*//p' /proc/self/status)
low="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
high="AF_INET SOCK_STREAM tcp 8080 127.0.0.1"
path="AF_UNIX SOCK_STREAM 0 0 $T/run/own"
reserve

rules
daemon_start || exit 1
has "whatever a first rule may need" "$BOTH"

rules "nobody $low"
daemon_start || exit 1
ok "it serves" svc "$B/honest" 100 80
# main, the parker, four workers; a sanitizer may have one of its own
own=$(nm "$BUILD/bsock" | grep -c ' __tsan_init')
is "several threads" "$(echo /proc/"$DAEMON"/task/* | wc -w)" $((6 + own))
reexec 3
ok "it serves after re-execs" svc "$B/honest" 100 80
daemon_stop
daemon_start || exit 1
has "a low port for another user" "$BOTH"

rules "nobody $high"
daemon_start || exit 1
has "a high port for another user" "$CHOWN"

rules "nobody $path"
daemon_start || exit 1
has "a path for another user" "$CHOWN"

rules "0 $low"
daemon_start || exit 1
has "a low port for the daemon's own user" "$BIND"

rules "0 $path" "0 $high"
daemon_start || exit 1
has "nothing that needs a privilege" "$NONE"

rules "0 $high" "no-such-user $high"
daemon_start || exit 1
has "a line that does not resolve" "$BOTH"

reserve "$low"
rules "nobody $low"
daemon_start || exit 1
svc_start "$B/ask" -l 5 -w "$low" >/dev/null
asker=$!
logged '^<6>grant'
has "a reserved address, claimed" "$BOTH"
stop $asker

# As a service manager starts it again: with what it had stored.
cat >"$T/manager.py" <<'END'
import os, signal, socket, sys
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(sys.argv[1])
notify.settimeout(10)
os.environ["NOTIFY_SOCKET"] = sys.argv[1]
first = os.fork()
if first == 0:
    os.execv(sys.argv[2], sys.argv[2:])
stored, ready = [], False
while not ready or not stored:
    text, fds, _, _ = socket.recv_fds(notify, 4096, 4)
    words = dict(line.split("=", 1) for line in text.decode().split("\n"))
    ready = ready or "READY" in words
    stored += [(words["FDNAME"], fd) for fd in fds]
os.kill(first, signal.SIGKILL)
os.waitpid(first, 0)
high = [os.dup2(fd, 100 + i) for i, (_, fd) in enumerate(stored)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(stored)), LISTEN_PID=str(os.getpid()),
                  LISTEN_FDNAMES=":".join(name for name, _ in stored))
os.execv(sys.argv[2], sys.argv[2:])
END
started_twice() {
	[ "$(grep -c '^<5>serving ' "$T/log")" = 2 ] || gone "$DAEMON"
}
: >"$T/log"
python3 "$T/manager.py" "$T/notify" "$BUILD/bsock" -d -F -c "$T/bsock" \
    -r "$T/bsock.resvaddr" -s "$T/run/socket" -g 0 2>>"$T/log" &
DAEMON=$!
started $DAEMON
eventually started_twice
has "started with a store" "$BOTH"
reserve

other_uid=$(id -u "$OTHER")
rules "nobody $low"
daemon_start -u "$OTHER" || exit 1
ok "it serves" svc "$B/honest" 10 80
is "the user" "$(field Uid | tr '\t' ' ')" "$other_uid $other_uid $other_uid $other_uid"
GROUPS_LEFT='' has "as another user" "$BOTH"

# An ordinary user has nothing to give up, the bounding set stays, and nothing
# can come of it.
GROUPS_LEFT=
rules "$SVC_UID $high"
bounding=$(svc sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
# shellcheck disable=SC2086 # a command
started_as $SVC_RUN
has "an ordinary user's" "$NONE" "$bounding"

GROUPS_LEFT=
rules "$SVC_UID $low"
# shellcheck disable=SC2086 # a command
started_as $SVC_RUN unshare -Un --map-user="$SVC_UID" \
    --map-group="$(id -g "$SVC")" --keep-caps
has "in a user namespace" "$BIND"

finish
