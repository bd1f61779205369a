#!/bin/sh
# What a request costs in the kernel, call by call, and nothing besides.
. "${0%/*}/lib/tap.sh"
tiers root userns
need strace

case $("$BUILD/bench/count" build) in
*-fsanitize=*) skip_all "not in a sanitizer build: it has calls of its own" ;;
esac

# calls BEGIN WANTED TRACE: the calls from one that matches BEGIN until it
# comes again, the last time that one among them matches WANTED.  Without what
# waits for a request that is still on its way, and without the write that
# tells main, once in some milliseconds, that there are lines for the log, and
# the signal that does nothing to a thread which is slow on a busy machine.
calls() {
	awk -v begin="$1" -v wanted="$2" '
	    / EAGAIN / || /^ppoll/ || /^write/ { next }
	    /^--- SIGUSR1/ || /^rt_sigreturn/ { next }
	    /SO_RCVTIMEO/ && wanted == "^bind" { next }
	    $0 ~ begin { if (has) result = round; round = ""; has = 0 }
	    $0 ~ wanted { has = 1 }
	    { sub(/[(].*/, ""); round = round $0 " " }
	    END { print result }' "$T/$3".*
}

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
# daemon_start's program is one that runs the daemon under strace, whose pid
# is the daemon's (-D).
mkdir "$T/traced" "$T/trace"
cat >"$T/traced/bsock" <<-END
	#!/bin/sh
	exec strace -D -ff -o "$T/trace/d" "$BUILD/bsock" "\$@"
END
chmod 755 "$T/traced/bsock"
real=$BUILD
BUILD=$T/traced
daemon_start >/dev/null
BUILD=$real
ok "the daemon serves under strace" daemon_serves

ask() {
	svc strace -ff -o "$T/svc/c" "$BUILD/bench/load" -n 2 -p "$PORT" \
	    library
}
ok "two requests are granted" ask

# strace writes a call when it returns.
traced() {
	[ -n "$(calls '^accept4' '^bind' trace/d)" ]
}
ok "the daemon's trace is written" eventually traced

is "the daemon's calls" "$(calls '^accept4' '^bind' trace/d)" \
    "accept4 getsockopt recvmsg getsockopt getsockopt getsockopt getsockopt \
getsockopt poll bind close sendto close "
is "the client's calls" "$(calls '^socket.AF_INET' '^connect' svc/c)" \
    "socket socket connect sendmsg fcntl setsockopt recvmsg close close "
finish
