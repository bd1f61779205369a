#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need strace

# Every system call from the start to the first request fails once, at each
# of its calls.  Then the daemon either ends with a message, or serves, and
# then with no more privileges than ever.

nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer's own system calls would be what fails"

errno_of() {
	case $1 in
	open | openat | socket | epoll_create1 | eventfd2 | pipe2 | memfd_create)
		echo EMFILE ;;
	read | pread64 | fstat | newfstatat | lseek) echo EIO ;;
	bind) echo EADDRINUSE ;;
	mmap | mprotect | madvise) echo ENOMEM ;;
	clone | clone3) echo EAGAIN ;;
	capget | capset | prctl | prlimit64 | setrlimit | seccomp | chdir) echo EPERM ;;
	listen | getsockopt | setsockopt | fcntl | flock | fchown | fchownat | \
	    chown | chmod | fchmod | fchmodat | unlink | rename | readlink | \
	    getrandom | connect | access) echo EACCES ;;
	esac
}

rules "nobody AF_INET SOCK_STREAM tcp 81 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 82 127.0.0.1"

# daemon_start by hand, under strace; $DAEMON is strace, $PID the daemon.
start() {
	: >"$T/log"
	strace -f -o "$T/trace" "$@" "$BUILD/bsock" -d -F -c "$T/bsock" \
	    -r "$T/bsock.resvaddr" -s "$T/run/socket" -g 0 -m 0666 -j 1 \
	    2>"$T/log" &
	DAEMON=$!
	started $DAEMON
	eventually daemon_serves_or_gone
	PID=$(sed -n '1s/ .*//p' "$T/trace")
}

end() {
	daemon_serves && kill -TERM "$PID" 2>/dev/null
	eventually gone "$DAEMON" || kill -KILL "$PID"
	wait "$DAEMON"
}

field() {
	cat /proc/"$PID"/task/*/status | sed -n "s/^$1:[[:space:]]*//p" |
		sort -u | tr '\n' ' '
}

BSOCK_SOCKET=$T/run/socket
export BSOCK_SOCKET

request() {
	[ "$(timeout 10 "$B/ask" "AF_INET SOCK_STREAM tcp 81 127.0.0.1")" = 0 ]
}

# What is wrong goes to $T/wrong.  A request may be what meets the failure,
# the third one may not.
judge() {
	: >"$T/wrong"
	if daemon_serves; then
		[ "$(field CapEff) $(field NoNewPrivs) $(field Seccomp)" = \
		    "0000000000000401  1  2 " ] ||
			echo "serves with $(field CapEff)" \
			    "$(field NoNewPrivs) $(field Seccomp)"
		grep -q '^Max core file size  *0 ' \
		    "/proc/$PID/limits" || echo "serves with core dumps"
		request || request || request || echo "serves no request"
		end || echo "serves, but ends with status $?"
	else
		end && echo "ended with status 0"
		[ -s "$T/log" ] || echo "ended without a word"
	fi >"$T/wrong"
}

# 1: which calls are there, in the thread that makes them most often?
start
judge
is "nothing is wrong without a failure" "$(cat "$T/wrong")" ""
# What the loader and libc did before main, which begins with three fcntl, is
# not ours.  brk is not in the list: strace's error is none of the kernel's.
awk '$2 ~ /^[a-z0-9_]+\(/ {
	name = $2
	sub(/\(.*/, "", name)
	n[name " " $1]++
	if (/ fcntl\(2, F_GETFD\)/) {
		for (k in n) {
			split(k, part, " ")
			skip[part[1]] = n[k]
		}
	}
}
END {
	for (k in n) {
		split(k, part, " ")
		if (n[k] > max[part[1]]) max[part[1]] = n[k]
	}
	for (name in max) print name, skip[name] + 0, max[name]
}' "$T/trace" | sort >"$T/calls"

# 2: each of them fails.
while read -r name n times; do
	errno=$(errno_of "$name")
	[ -n "$errno" ] || continue
	while [ "$n" -lt "$times" ]; do
		n=$((n + 1))
		start -e inject="$name:error=$errno:when=$n"
		judge
		[ ! -s "$T/wrong" ] || echo "$name $errno at call $n:" \
		    "$(cat "$T/wrong")" "$(head -n 3 "$T/log")"
	done
done <"$T/calls" >"$T/failed"
is "each start ends with a message or serves" "$(cat "$T/failed")" ""
diag "$(cut -d' ' -f1 "$T/calls" | tr '\n' ' ')"

start
judge
is "nothing was left behind that stops the next" "$(cat "$T/wrong")" ""

# 3: neither the next binary starts, nor the threads again.
is_attached() {
	grep -q attached "$T/strace"
}
cp "$BUILD/bsock" "$T/gone"
: >"$T/log"
"$T/gone" -d -F -c "$T/bsock" -r "$T/bsock.resvaddr" -s "$T/run/socket" \
    -g 0 -m 0666 2>"$T/log" &
DAEMON=$!
started $DAEMON
daemon_ready
rm "$T/gone"
strace -f -o /dev/null -e inject=clone,clone3:error=EAGAIN -p $DAEMON \
    2>"$T/strace" &
started $!
eventually is_attached
kill -USR2 $DAEMON
eventually gone $DAEMON || kill -KILL $DAEMON
wait $DAEMON
is "a re-exec that leaves no daemon: its status" $? 1
like "what it could not do" "$(cat "$T/log")" 'cannot replace this process: No'
like "and why it ended" "$(cat "$T/log")" 'cannot start the threads: Resource'

finish
