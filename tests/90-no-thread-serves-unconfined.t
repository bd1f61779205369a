#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need strace cc
nm "$BUILD/bsock" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "no filter in this build"

# The kernel refuses a filter to main; or to serving threads, all of them or the
# last one, and not to main: at a start, and at a re-exec.
rule="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
rules "$SVC $rule"
reserve

cat >"$T/refuse.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Threads that get their filter before one does not; main is refused only
 * where that is less than none. */
static atomic_int good;
static int main_too;
static long (*next)(long, ...);

__attribute__((constructor)) static void
begin(void)
{
	good = atoi(getenv("GOOD_THREADS"));
	main_too = good < 0;
	next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}

long
syscall(long nr, ...)
{
	long a, b, c, d, e, f;
	va_list ap;

	va_start(ap, nr);
	a = va_arg(ap, long), b = va_arg(ap, long), c = va_arg(ap, long);
	d = va_arg(ap, long), e = va_arg(ap, long), f = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_seccomp && (gettid() == getpid() ? main_too :
	    !main_too && atomic_fetch_sub(&good, 1) <= 0)) {
		errno = ENOMEM;
		return -1;
	}
	return next(nr, a, b, c, d, e, f);
}
END
cc -shared -fPIC -O1 -o "$T/refuse.so" "$T/refuse.c" ||
	skip_all "cc makes no shared object"

why='cannot be confined, ending: Cannot allocate memory'

# refused GOOD OPTION...: a start in which all threads after GOOD are refused.
refused() {
	good=$1
	shift
	rm -f "$T/run/socket"
	LD_PRELOAD=$T/refuse.so GOOD_THREADS=$good timeout -s KILL 20 \
	    "$BUILD/bsock" -d -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" -g 0 -m 0666 "$@" >"$T/log" 2>&1
}

# Nobody has the lock beside the socket any more.
daemon_lets_go() {
	flock -n "$T/run/socket.lock" true
}
pid() {
	"$BUILD/bsockctl" status --json -s "$T/run/socket" |
		sed -n 's/^"pid":\([0-9]*\).*/\1/p'
}

for good in 0 4; do
	refused "$good" -F
	is "after $good good threads: the daemon fails" $? 1
	like "and says why" "$(cat "$T/log")" "^<2>.*$why"
	not_ok "and never said that it serves" daemon_serves
	refused "$good"
	is "detached: the command fails" $? 1
	eventually daemon_lets_go || stop "$(pid)"
	like "and says why" "$(cat "$T/log")" "bsock: .*$why"
done
refused -1 -F
is "main unconfined: the daemon fails" $? 1
like "and says why" "$(cat "$T/log")" \
    "^<3>cannot confine the main thread: Cannot allocate memory"
not_ok "and never said that it serves" daemon_serves
# What refuses is not what fails.
LD_PRELOAD=$T/refuse.so GOOD_THREADS=5
export LD_PRELOAD GOOD_THREADS
daemon_start || exit 1
unset LD_PRELOAD GOOD_THREADS
ok "with a filter for each thread it serves" svc "$B/honest" 10 80
daemon_stop

# A re-exec: main has its filter already, so every seccomp(2) is a thread's.
is_attached() {
	grep -q attached "$T/strace"
}
daemon_start || exit 1
strace -f -o "$T/trace" -e trace=seccomp,accept4,recvmsg,sendmsg,execve \
    -e inject=seccomp:error=ENOMEM -p "$DAEMON" 2>"$T/strace" &
started $!
eventually is_attached
svc_start sh -c "while :; do '$B/ask' '$rule'; done" >"$T/asked" 2>&1
logged '^<6>grant'
kill -USR2 "$DAEMON"
eventually gone "$DAEMON" || kill -KILL "$DAEMON"
wait "$DAEMON"
is "a re-exec: the daemon ends with a failure" $? 1
like "and says why" "$(cat "$T/log")" "^<2>.*$why"
like "which is its last word" "$(tail -n 1 "$T/log")" "$why"
is "no refused thread took a connection" "$(awk '
	/seccomp.*INJECTED/ { refused[$1] = 1; n++ }
	/(accept4|recvmsg|sendmsg)\(/ && refused[$1] && !/\/dev\/log/ { print }
	END { if (n == 0) print "none was refused" }' "$T/trace")" ""

finish
