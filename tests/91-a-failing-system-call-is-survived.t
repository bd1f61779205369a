#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need strace
nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer's own system calls would be what fails"

# Every system call that the daemon makes while it does something fails once,
# at each of its calls, with each errno that is plausible; afterwards it works
# as before, with as many descriptors.

# What a call may fail with.  Not close and munmap, which have done their work
# even when they fail, while strace would have them not happen.
errnos() {
	case $1 in
	accept4) echo EMFILE ENFILE ECONNABORTED EINTR ENOMEM ;;
	getsockopt) echo ENOBUFS ENOPROTOOPT ;;
	setsockopt) echo ENOMEM ENOPROTOOPT ;;
	getsockname) echo ENOBUFS ;;
	recvmsg) echo EINTR ECONNRESET ENOMEM ;;
	sendmsg | sendto) echo EPIPE ETOOMANYREFS EAGAIN ENOBUFS ;;
	poll | ppoll) echo EINTR ENOMEM ;;
	socket) echo EMFILE ENFILE ENOBUFS EAFNOSUPPORT ;;
	bind) echo EADDRINUSE EACCES ENOMEM ;;
	listen) echo EADDRINUSE ;;
	connect) echo ECONNREFUSED EAGAIN ;;
	fchown | lchown | fchownat) echo EPERM EIO ;;
	fcntl) echo EMFILE ;;
	ioctl) echo EINVAL ;;
	shutdown) echo ENOTCONN ;;
	epoll_ctl) echo ENOMEM ENOSPC ;;
	memfd_create) echo EMFILE ENOMEM ;;
	lstat | stat | newfstatat | fstat) echo EIO ENOMEM ;;
	readlink) echo EIO ;;
	unlink) echo EACCES ;;
	open | openat) echo EMFILE ENOENT EACCES ;;
	read | pread64 | lseek) echo EIO EINTR ;;
	write) echo EAGAIN ENOSPC EPIPE EINTR ;;
	mmap | brk) echo ENOMEM ;;
	mprotect | madvise) echo ENOMEM ;;
	clone | clone3) echo EAGAIN ;;
	getrandom) echo EINTR ;;
	clock_nanosleep | nanosleep) echo EINTR ;;
	setpriority | prlimit64) echo EPERM ;;
	esac
}

descriptors() {
	find /proc/"$DAEMON"/fd -type l | wc -l
}

has_descriptors() {
	[ "$(descriptors)" -eq "$DESCRIPTORS" ]
}

# A spare descriptor that was given up comes back with the next connection.
recovered() {
	own_socket >/dev/null
	has_descriptors
}

is_attached() {
	grep -q 'attached' "$T/strace"
}

# traced OPTION...: strace on all threads, then $SCENARIO, then no strace.
traced() {
	: >"$T/strace"
	strace -f -p "$DAEMON" "$@" 2>"$T/strace" &
	tracer=$!
	started $tracer
	eventually is_attached
	$SCENARIO >"$T/out" 2>&1
	stop $tracer
}

# The calls of a scenario: name and how often in the thread that does it most.
count_calls() {
	traced -o "$T/trace"
	awk '$2 ~ /^[a-z0-9_]+\(/ {
		sub(/\(.*/, "", $2); n[$2 " " $1]++
	}
	END {
		for (k in n) {
			split(k, part, " ")
			if (n[k] > max[part[1]]) max[part[1]] = n[k]
		}
		for (name in max) print name, max[name]
	}' "$T/trace" | sort
}

# What was said to be bound while a call failed was bound.
truthful() {
	! grep '^0 ' "$T/out" | grep -Evq \
	    ' tcp 8[0-2] 127| udp ([6-9]..|10[0-2].) 127| /run/bsock-test'
}

works() {
	$SCENARIO >"$T/out" 2>&1 && grep -q '^0' "$T/out"
}

# survives LABEL SCENARIO: the lot.
survives() {
	SCENARIO=$2
	SESSIONS=0
	works || diag "$1: does not work: $(cat "$T/out")"
	eventually recovered
	count_calls >"$T/calls"
	while read -r name times; do
		n=0
		case $name in
		# main's loop, over and over
		poll | read) [ "$times" -le 3 ] || times=3 ;;
		esac
		# Its own pipes can only be full, and then they wake as well: what
		# can fail is the log.
		only=
		[ "$name" != write ] || only="-P $T/log"
		while [ $n -lt "$times" ] && [ $n -lt 12 ]; do
			n=$((n + 1))
			for errno in $(errnos "$name"); do
				SESSIONS=$((SESSIONS + 1))
				# shellcheck disable=SC2086 # words
				traced -o /dev/null -e trace="$name" $only \
				    -e inject="$name:error=$errno:when=$n"
				truthful || echo "$name $errno at call $n:" \
				    "said to be bound, but: $(cat "$T/out")"
				works && eventually recovered ||
					echo "$name $errno at call $n:" \
					    "$(cat "$T/out")" \
					    "$(descriptors) descriptors"
			done
		done
	done <"$T/calls" >"$T/failed"
	is "$1" "$(cat "$T/failed")" ""
	diag "$(wc -l <"$T/calls") system calls, failures of:" \
	    "$(cut -d' ' -f1 "$T/calls" | while read -r name; do
		[ -z "$(errnos "$name")" ] || echo "$name"
	done | tr '\n' ' ')"
}

own_socket() {
	timeout 10 "$B/ask" -a "AF_INET SOCK_STREAM tcp 80 127.0.0.1"
}
made_socket() {
	timeout 10 setpriv --reuid=nobody --clear-groups --inh-caps=-all \
	    "$B/ask" -as "AF_INET SOCK_STREAM tcp 81 127.0.0.1"
}
group_rule() {
	timeout 10 setpriv --reuid=daemon --regid=nogroup --clear-groups \
	    --inh-caps=-all "$B/ask" -a "AF_INET SOCK_DGRAM udp 0 127.0.0.1"
}
unix_path() {
	timeout 10 "$B/ask" -as "AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$"
}
reserved() {
	timeout 10 setpriv --reuid=nobody --clear-groups --inh-caps=-all \
	    "$B/ask" -al 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1"
}
reload() {
	daemon_reload && echo 0
}

rules "nobody AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
    "@nogroup AF_INET SOCK_DGRAM udp 0 127.0.0.1" \
    "0 AF_UNIX SOCK_STREAM 0 0 /run/bsock-test-$$" \
    "$SVC_UID AF_INET SOCK_STREAM tcp 82 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 82 127.0.0.1"
daemon_start -j 1 || {
	echo "Bail out! the daemon does not start"
	exit 1
}
for scenario in own_socket made_socket group_rule unix_path reserved reload; do
	like "$scenario works" "$($scenario 2>&1)" '^0'
done
# Some of them are closed a moment later.
sleep 1
DESCRIPTORS=$(descriptors)

survives "a client's own socket" own_socket
survives "a socket that the daemon makes" made_socket
survives "a port from 600 to 1023, by a group's rule" group_rule
survives "a unix path with a leftover file" unix_path
survives "a reserved address" reserved
survives "a reload" reload
rm -f "/run/bsock-test-$$"
daemon_stop
like "it ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
