#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need strace

# Every system call of a client, from its socket(2) on, fails once with each
# plausible errno: the call ends in time with a result that bind(2) documents
# or that bsock.h does, what is said to be bound is bound, and neither client
# nor daemon is stuck.

nm "$B/ask" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer's own system calls would be what fails"

errnos() {
	case $1 in
	socket) echo EMFILE ENFILE ENOBUFS ;;
	connect) echo EINTR EAGAIN ECONNREFUSED EACCES ENOENT ;;
	sendmsg) echo EINTR EAGAIN EPIPE ETOOMANYREFS ENOBUFS ;;
	recvmsg) echo EINTR EAGAIN ECONNRESET ENOMEM ;;
	poll | ppoll) echo EINTR ENOMEM ;;
	getsockopt | setsockopt) echo ENOBUFS ENOPROTOOPT ;;
	getsockname) echo ENOBUFS ;;
	fcntl) echo EMFILE ;;
	dup2 | dup3) echo EBADF EBUSY EINTR ;;
	clock_nanosleep | nanosleep) echo EINTR ;;
	esac
}

client() {
	svc timeout 20 "$@" 2>"$T/err"
}

# survives LABEL ASK-ARGUMENT...
survives() {
	label=$1
	shift
	works=$(client "$B/ask" -a "$@")
	like "$label: works" "$works" '^0 .* tcp 8[12] 127'
	client strace -o "$T/svc/trace" "$B/ask" "$@" >/dev/null
	awk '/^socket\(/ { on = 1 }
	on && /^[a-z0-9_]+\(/ { sub(/\(.*/, ""); n[$0]++ }
	!on && /^[a-z0-9_]+\(/ { sub(/\(.*/, ""); n[$0]++; skip[$0]++ }
	END { for (k in n) print k, skip[k] + 0, n[k] }' \
	    "$T/svc/trace" | sort >"$T/calls"
	while read -r name n times; do
		while [ "$n" -lt "$times" ]; do
			n=$((n + 1))
			for errno in $(errnos "$name"); do
				start=$(date +%s)
				out=$(client strace -o /dev/null \
				    -e trace="$name" \
				    -e inject="$name:error=$errno:when=$n" \
				    "$B/ask" -a "$@" | tail -n 1)
				took=$(($(date +%s) - start))
				case $out in
				"$works" | E*) ;;
				0*) echo "$name $errno at call $n:" \
				    "said to be bound, but: $out" ;;
				*) [ -s "$T/err" ] ||
					echo "$name $errno at call $n: $out" ;;
				esac
				[ $took -le 7 ] ||
					echo "$name $errno at call $n: $took s"
				[ "$(client "$B/ask" "$@")" = 0 ] ||
					echo "after $name $errno at call $n"
			done
		done
	done <"$T/calls" >"$T/failed"
	is "$label" "$(cat "$T/failed")" ""
	diag "$(cut -d' ' -f1 "$T/calls" | tr '\n' ' ')"
}

rules "nobody AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
    "nobody AF_INET SOCK_STREAM tcp 82 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 82 127.0.0.1"
daemon_start || {
	echo "Bail out! the daemon does not start"
	exit 1
}
survives "the program's own socket" "AF_INET SOCK_STREAM tcp 81 127.0.0.1"
survives "a socket that bsock makes" -s "AF_INET SOCK_STREAM tcp 81 127.0.0.1"
survives "a reserved address" -l 5 "AF_INET SOCK_STREAM tcp 82 127.0.0.1"
daemon_stop
like "the daemon ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
