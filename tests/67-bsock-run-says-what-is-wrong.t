#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/run.sh"
. "${0%/*}/lib/client.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1
A80="$B/ask -k 'AF_INET SOCK_STREAM tcp 80 127.0.0.1'"
A81="$B/ask -k 'AF_INET SOCK_STREAM tcp 81 127.0.0.1'"

printf '#!/bin/sh\n"$@"\n' >"$T/script"
chmod 755 "$T/script"

# says STATUS TEXT OPTION...: exit status, and what stderr matches.
says() {
	says_status=$1
	says_text=$2
	shift 2
	svc "$RUN" "$@" >"$T/out" 2>"$T/err"
	is "bsock-run $*: $says_status" $? "$says_status"
	like "and a sentence" "$(cat "$T/err")" "$says_text"
}

says 125 '^usage: bsock-run'
says 125 '^usage: bsock-run' -x true
says 125 '^bsock-run: -m strange: not auto, preload or notify$' -m strange true
says 127 '^bsock-run: /nonexistent: No such file or directory$' /nonexistent
says 126 '^bsock-run: /: Permission denied$' /
svc "$RUN" -h >"$T/out"
is "-h is no error" $? 0
is "its lines fit a terminal" "$(awk 'length > 80' "$T/out")" ""

is "no rule: EACCES" "$(svc "$RUN" -m notify sh -c "$A81" 2>"$T/err")" EACCES
like "and a sentence" "$(cat "$T/err")" \
    '^bsock-run: no rule lets .* bind AF_INET SOCK_STREAM tcp 81 127.0.0.1 \('
is "-v tells of success too" "$(svc "$RUN" -v -m notify sh -c "$A80" 2>&1 |
    grep -c 'tcp 80 127.0.0.1: bound$')" 1
is "the shim does so with -v" "$(svc "$RUN" -v -m preload sh -c "$A80" 2>&1 |
    grep -c 'tcp 80 127.0.0.1: bound$')" 1

is "a bind that is refused, without -v" \
    "$(svc "$RUN" -m preload sh -c "$A81" 2>"$T/err")" EACCES
like "is told by the shim as well" "$(cat "$T/err")" \
    "^bsock: AF_INET SOCK_STREAM tcp 81 127.0.0.1: no rule lets uid $SVC_UID"
cat >"$T/moved.py" <<'EOS'
import os, socket
os.dup2(1, 2)
try:
    socket.socket().bind(('127.0.0.1', 81))
except OSError as e:
    print(e.strerror)
EOS
is "but not to a file that took the place of stderr" \
    "$(svc "$RUN" -m preload "$PYTHON" "$T/moved.py" 2>"$T/err")" \
    "Permission denied"
is "nor is what is granted" "$(svc "$RUN" -m preload sh -c "$A80" 2>&1)" 0
svc_start "$B/server" 127.0.0.1 8080 hello
eventually sh -c 'ss -Hltn sport = :8080 | grep -q LISTEN'
is "nor a port that is taken" "$(svc "$RUN" -m preload \
    sh -c "$B/ask -k 'AF_INET SOCK_STREAM tcp 8080 127.0.0.1'" 2>&1)" EADDRINUSE
# Of what the service may have, by the daemon's word.
other80() {
	svc "$RUN" -m "$1" sh -c "$A80" 2>"$T/err"
}
svc_start "$RUN" "$B/server" 127.0.0.1 80 hello
eventually sh -c 'ss -Hltn sport = :80 | grep -q LISTEN'
is "an address in use is no want of privilege" "$(other80 preload)" EADDRINUSE
is "under notify neither" "$(other80 notify)" EADDRINUSE
like "and it is said" "$(cat "$T/err")" 'tcp 80 127.0.0.1: .*in use'
stop $!
is "the user's own setting stays" "$(BSOCK_PRELOAD_DEBUG=0 svc "$RUN" \
    -m preload sh -c "$A81" 2>&1)" EACCES
like "a script is told of" "$(svc "$RUN" -v -m auto "$T/script" true 2>&1)" \
    'is a script \(a static or Go program that it starts needs -m notify\)'

# What is there already stays.
is "LD_PRELOAD is added to" "$(LD_PRELOAD=/nonexistent.so svc "$RUN" \
    -m preload sh -c 'echo "$LD_PRELOAD"' 2>"$T/err")" \
    "/nonexistent.so:$BSOCK_PRELOAD"
BSOCK_PRELOAD=/nonexistent.so says 0 '/nonexistent.so: No such file' \
    -m preload true
is "without the shim auto is notify" \
    "$(BSOCK_PRELOAD=/nonexistent.so svc "$RUN" sh -c "$A80" 2>&1)" 0
says 1 'static executable: the shim does not reach it, use -m notify' \
    -m preload busybox false

says 125 'another supervisor watches system calls here already' \
    -m notify "$RUN" -m notify true
is "preload inside notify works" \
    "$(svc "$RUN" -m notify "$RUN" -m preload sh -c "$A80" 2>&1)" 0

# A process whose memory may not be read gets what the kernel says.
cat >"$T/hidden.py" <<'EOS'
import ctypes, socket
if ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) != 0:
    raise SystemExit('prctl')
try:
    socket.socket().bind(('127.0.0.1', 80))
except OSError as e:
    print(e.strerror)
s = socket.socket()
s.bind(('127.0.0.1', 0))
print('bound', s.getsockname()[0])
EOS
is "a program that forbids looking is left to the kernel" \
    "$(svc "$RUN" -m notify "$PYTHON" "$T/hidden.py" 2>"$T/err" |
	tr '\n' ' ')" "Permission denied bound 127.0.0.1 "
like "and a sentence" "$(cat "$T/err")" 'does not let itself be looked into'

# Arguments that bind(2) refuses are the kernel's business.
cat >"$T/odd.py" <<'EOS'
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def bind(fd, addr, len):
    r = libc.bind(fd, addr, len)
    print(errno.errorcode[ctypes.get_errno()] if r else 0, end=' ')
s = socket.socket()
good = b'\x02\0\0\x50\x7f\0\0\1' + bytes(8)
bind(-1, good, 16)
bind(99, good, 16)
bind(os.open('/dev/null', os.O_RDONLY), good, 16)
bind(s.fileno(), None, 16)
bind(s.fileno(), 8, 16)
bind(s.fileno(), good, 0)
bind(s.fileno(), good, 2)
bind(s.fileno(), good, -1)
bind(s.fileno(), good + bytes(500), 500)
bind(s.fileno(), b'\x0a\0' + good[2:] + bytes(12), 28)
bind(s.fileno(), good, 16)
bind(s.fileno(), good, 16)
EOS
is "odd arguments get the kernel's errno" \
    "$(svc "$RUN" -m notify "$PYTHON" "$T/odd.py")" \
    "EBADF EBADF ENOTSOCK EFAULT EFAULT EINVAL EINVAL EINVAL EINVAL EAFNOSUPPORT 0 EACCES "

# io_uring would bind unseen.
cat >"$T/uring.py" <<'EOS'
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(425, 8, bytes(120))
print(errno.errorcode[ctypes.get_errno()])
EOS
is "there is no io_uring" "$(svc "$RUN" -m notify "$PYTHON" "$T/uring.py")" \
    ENOSYS

finish
