#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need python3

# Two reserved addresses.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "AF_INET6 SOCK_STREAM tcp 81 ::1"
daemon_start || exit 1

ctl() {
	"$BUILD/bsockctl" -c "$T/bsock" -r "$T/bsock.resvaddr" \
	    -s "$T/run/socket" "$@"
}
# json EXPRESSION: of s, the daemon's status.
json() {
	ctl status --json | python3 -c "import json, sys
s = json.load(sys.stdin)
print($1)"
}

is "it is JSON, with the daemon's pid" "$(json 's["pid"]')" "$DAEMON"
is "how many rules" "$(json 's["rules"]')" 1
is "the first generation" "$(json 's["generation"]')" 1
is "no error" "$(json 's["error"]')" None
is "two addresses" "$(json '[r["addr"] for r in s["reserved"]]')" \
    "['AF_INET SOCK_STREAM tcp 80 127.0.0.1', 'AF_INET6 SOCK_STREAM tcp 81 ::1']"
is "guarded" "$(json '[r["state"] for r in s["reserved"]]')" \
    "['guarded', 'guarded']"

shim_start python3 -m http.server --bind 127.0.0.1 80 >"$T/out" 2>&1
server=$!
listening() {
	[ "$(json 's["reserved"][0]["state"]')" = listening ]
}
ok "listening, when a program does" eventually listening
is "its claimant" "$(json '(s["reserved"][0]["uid"], s["reserved"][0]["pid"])')" \
    "($SVC_UID, $server)"
is "granted" "$(json 's["granted"]')" 1
table=$(ctl status)
like "the table has it" "$table" "^tcp 80 127.0.0.1 +listening +0/[0-9]+ +1 "
like "with the command" "$table" " $server python3"
is "in 80 columns" "$(echo "$table" | awk 'length > 80')" ""
stop "$server"
gone_now() {
	[ "$(json 's["reserved"][0]["state"]')" = gone ]
}
ok "gone, when the claimant is" eventually gone_now
like "in the table too" "$(ctl status)" "^tcp 80 127.0.0.1 +gone +0/[0-9]+ "
cat >"$T/background.py" <<'END'
import os, signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 80))
s.listen()
if os.fork() == 0:
    print(os.getpid(), flush=True)
    signal.pause()
END
shim python3 "$T/background.py" >"$T/child"
child=$(cat "$T/child")
started "$child"
ok "gone as well, when it goes to the background" eventually gone_now
like "but the table shows who has the socket" "$(ctl status)" \
    "^tcp 80 127.0.0.1 +listening +0/[0-9]+ +2 .* $child python3"
stop "$child"

# Reload.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1"
like "a reload" "$(ctl reload)" "^reloaded, generation 2\$"
is "was taken" "$(json 's["rules"], s["generation"]')" "2 2"
rules 'non"sense'
not_ok "files with errors are not sent" ctl reload
is "the daemon did not see them" "$(json 's["failed"]')" 0
kill -HUP "$DAEMON"
failed() {
	[ "$(json 's["failed"]')" = 1 ]
}
ok "a reload that fails is counted" eventually failed
like "with its error" "$(json 's["error"]')" "^$T/bsock:1:"
like "which the table shows" "$(ctl status)" "$T/bsock:1:"
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
kill -HUP "$DAEMON"
made_good() {
	[ "$(json 's["generation"] > 2 and s["loaded"] > s["error_time"]')" = \
	    True ] || { kill -HUP "$DAEMON"; false; }
}
ok "a reload that is good" eventually made_good
is "ends the table's" "$(ctl status | grep reload)" ""
is "the JSON keeps it" "$(json 's["failed"], s["error"] is None')" "1 False"
rules 'non"sense'
kill -HUP "$DAEMON"
failed_again() {
	[ "$(json 's["failed"]')" = 2 ]
}
ok "another bad one" eventually failed_again
like "the table has that" "$(ctl status)" "^reload +failed "
is "and keeps to 80 columns" "$(ctl status | awk 'length > 80')" ""
echo "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" >"$T/good"
chmod 644 "$T/good"
"$BUILD/bsockctl" -c "$T/good" -r "$T/bsock.resvaddr" -s "$T/run/socket" \
    reload >"$T/out" 2>&1
is "the daemon's own files count" $? 1
like "and it says why" "$(cat "$T/out")" "kept what it had: $T/bsock:1:"

# An address that somebody has.
rules "$SVC AF_INET SOCK_STREAM tcp 8080 127.0.0.1"
svc_start "$B/server" 127.0.0.1 8080 hello
eventually "$B/talk" 127.0.0.1 8080 x
reserve "AF_INET SOCK_STREAM tcp 8080 127.0.0.1"
ctl reload >"$T/out" 2>&1
is "files that are taken" $? 0
like "but not each address" "$(cat "$T/out")" \
    "^bsockctl: not reserved yet: AF_INET SOCK_STREAM tcp 8080 127.0.0.1: "

# Who may ask.
if [ "$TIER" = root ]; then
	svc "$BUILD/bsockctl" -s "$T/run/socket" status >"$T/out" 2>&1
	is "nobody else may ask" $? 1
	like "and is told" "$(cat "$T/out")" "only root and members"
fi
freeze "$DAEMON"
ctl status >"$T/out" 2>&1
is "a daemon that stands still" $? 1
like "is not waited for" "$(cat "$T/out")" "no answer within 5 seconds"
kill -CONT "$DAEMON"
daemon_stop
ctl status >"$T/out" 2>&1
is "no daemon" $? 1
like "is said" "$(cat "$T/out")" "no bsock serves there"
python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
while True:
    c = s.accept()[0]; c.recv(99); c.send(b"no"); c.close()' \
    "$T/fake" &
started $!
eventually [ -S "$T/fake" ]
"$BUILD/bsockctl" -s "$T/fake" status >"$T/out" 2>&1
is "another program at the socket" $? 1
like "is not believed" "$(cat "$T/out")" "not an answer of bsock"

finish
