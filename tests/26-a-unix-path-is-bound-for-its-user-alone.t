#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

# Not below a directory that all may write (/tmp), as $T is.
R=$(mktemp -d /run/bsock-test.XXXXXX) || skip_all "no /run"
trap 'tap_cleanup; rm -rf "$R"' EXIT
chmod 755 "$R"
mkdir "$R/open" "$R/sticky" "$R/theirs" "$R/group"
chmod 777 "$R/open"
chmod 1777 "$R/sticky"
chown "$SVC" "$R/theirs"
chmod 775 "$R/group"
ln -s "$R" "$R/link"
ln -s "$R/file" "$R/alias"
ln -s "$R" "$R/theirlink"
chown -h "$SVC" "$R/theirlink"
rules "$SVC AF_UNIX SOCK_STREAM 0 0 $R/app" \
    "$SVC AF_UNIX SOCK_DGRAM 0 0 $R/app" \
    "$OTHER AF_UNIX SOCK_STREAM 0 0 $R/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/link/app2" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/theirlink/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/open/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/sticky/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/theirs/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/group/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/none/app" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/file" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 $R/alias" \
    "$SVC AF_UNIX SOCK_STREAM 0 0 /tmp/bsock-test-app"
daemon_start || exit 1

asks() {
	client "print(ask('AF_UNIX ${2:-SOCK_STREAM} 0 0 $1'))"
}
mode_of() {
	stat -c '%U %G %a %F' "$1"
}
is "a new path" "$(asks "$R/app")" "0 +fd"
is "is its user's, mode 0600" "$(mode_of "$R/app")" \
    "nobody nogroup 600 socket"
is "what was left over is replaced" "$(asks "$R/app")" "0 +fd"
is "by a datagram socket too" "$(asks "$R/app" SOCK_DGRAM)" "0 +fd"
is "but not one that is listening" "$(client "
s = ask('AF_UNIX SOCK_STREAM 0 0 $R/app').socket()
s.listen()
print(ask('AF_UNIX SOCK_STREAM 0 0 $R/app'))
print(ask('AF_UNIX SOCK_DGRAM 0 0 $R/app'))" | paste -sd ' ')" \
    "EADDRINUSE EADDRINUSE"
is "nor one that is bound" "$(client "
s = ask('AF_UNIX SOCK_STREAM 0 0 $R/app').socket()
print(ask('AF_UNIX SOCK_STREAM 0 0 $R/app'))")" "EADDRINUSE"
is "nor another user's" "$(other "$PYTHON" -c "
import sys; sys.path[:0] = ['$TESTS/lib']; sys.dont_write_bytecode = True
from client import *
print(ask('AF_UNIX SOCK_STREAM 0 0 $R/app'))")" EADDRINUSE
is "it is still the first one's" "$(mode_of "$R/app")" \
    "nobody nogroup 600 socket"
echo precious >"$R/file"
is "nor a file" "$(asks "$R/file")" EADDRINUSE
is "which is as it was" "$(cat "$R/file")" precious
is "nor through a link at its end" "$(asks "$R/alias")" EADDRINUSE
is "a link of root's on the way" "$(asks "$R/link/app2")" "0 +fd"
is "where it is" "$(mode_of "$R/app2")" "nobody nogroup 600 socket"
for way in theirlink open sticky theirs group; do
	is "$way on the way" "$(asks "$R/$way/app")" EACCES
done
not_ok "nothing is made there" ls "$R"/open/app "$R"/sticky/app \
    "$R"/theirs/app "$R"/group/app
is "no directory" "$(asks "$R/none/app")" ENOENT
is "/tmp" "$(asks /tmp/bsock-test-app)" EACCES
is "a socket of its own, over what it left" "$(client "
s = socket.socket(AF_UNIX)
print(ask('AF_UNIX SOCK_STREAM 0 0 $R/app', s), s.getsockname() == '$R/app')
")" "0 True"
is "0600 for its owner from the first moment on" "$(mode_of "$R/app")" \
    "nobody nogroup 600 socket"
is "of eight at once one gets it, and its file stays" "$(client "
import threading
for _ in range(60):
    got = []
    def one():
        got.append(ask('AF_UNIX SOCK_STREAM 0 0 $R/app'))
    threads = [threading.Thread(target=one) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    won = [a for a in got if str(a) == '0 +fd']
    s = won[0].socket()
    s.listen()
    c = socket.socket(AF_UNIX)
    c.connect('$R/app')
    print(len(won))
    s.close()
" 2>&1 | sort | uniq -c | sed 's/^ *//')" "60 1"
like "the daemon's umask" "$(cat "/proc/$DAEMON/status")" '^Umask:.0177'
finish
