#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1
binder=$BUILD/bsock-socket-binder
cd "$T/svc" || exit 1

# As a daemon: the pid, alone, and PATH is there when the command returns.
started_as_daemon() {
	pid=$(svc timeout 20 "$binder" -p "$@" 2>"$T/err")
	status=$?
	started "$pid"
}

status_of() {
	svc timeout 20 "$@" >"$T/out" 2>"$T/err"
	echo $?
}

bound_by() {
	svc "$BUILD/examples/socket_binder_client" "$1" tcp 4 80 127.0.0.1 2>&1
}

started_as_daemon "$T/svc/sb"
is "-p: exit 0" "$status" 0
like "-p: a pid" "$pid" '^[1-9][0-9]*$'
ok "the socket is there" test -S "$T/svc/sb"
is "mode 0660 when none is given" "$(stat -c %a "$T/svc/sb")" 660
is "it serves" "$(bound_by "$T/svc/sb")" "127.0.0.1 80"
is "nothing on stderr" "$(cat "$T/err")" ""
is "it is in a session of its own" "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid"
is "at home in /" "$(readlink "/proc/$pid/cwd")" /
for fd in 0 1 2; do
	is "descriptor $fd is /dev/null" "$(readlink "/proc/$pid/fd/$fd")" \
	    /dev/null
done

is "a second one on the same path: exit 1" \
    "$(status_of "$binder" "$T/svc/sb")" 1
like "... it says why" "$(cat "$T/err")" 'already being provided'
is "... nothing on stdout" "$(cat "$T/out")" ""
is "... also with -f" "$(status_of "$binder" -f "$T/svc/sb")" 1
is "... the first one still serves" "$(bound_by "$T/svc/sb")" "127.0.0.1 80"

kill -KILL "$pid"
eventually gone "$pid"
ok "after a crash the socket is still there" test -S "$T/svc/sb"
started_as_daemon "$T/svc/sb" 0600
is "a stale socket is replaced: exit 0" "$status" 0
is "... with the mode that was asked for" "$(stat -c %a "$T/svc/sb")" 600
is "... it serves" "$(bound_by "$T/svc/sb")" "127.0.0.1 80"
stop "$pid"
not_ok "SIGTERM removes the socket" test -e "$T/svc/sb"

for signal in INT HUP; do
	started_as_daemon "$T/svc/sb"
	stop "$pid" $signal
	not_ok "SIG$signal removes the socket" test -e "$T/svc/sb"
done

started_as_daemon "$T/svc/sb"
svc mv "$T/svc/sb" "$T/svc/moved"
svc touch "$T/svc/sb"
stop "$pid"
ok "what is somebody else's by then is left alone" test -f "$T/svc/sb"
rm -f "$T/svc/sb" "$T/svc/moved"

svc_start "$binder" -f -p "$T/svc/sb" >"$T/out" 2>"$T/err"
pid=$!
ok "-f: it serves" eventually test -S "$T/svc/sb"
ok "-f: it logs to stderr" eventually grep -q '^<5>serving ' "$T/err"
is "-f -p: its own pid" "$(cat "$T/out")" "$pid"
kill "$pid"
wait "$pid"
is "-f: exit 0 after SIGTERM" $? 0

started_as_daemon relative
ok "a relative path" test -S "$T/svc/relative"
stop "$pid"
not_ok "... is removed at the end" test -e "$T/svc/relative"

# What is no socket is never touched.
svc sh -c 'echo precious >file && mkdir dir && mkfifo fifo && ln -s file link &&
	ln -s nowhere dangling'
for what in file dir fifo link dangling; do
	is "$what in the way: exit 1" \
	    "$(status_of "$binder" "$T/svc/$what")" 1
	like "... it says why" "$(cat "$T/err")" 'not a socket'
done
is "all of them are as they were" \
    "$(cat file; stat -c '%F' dir fifo; readlink link dangling)" \
    "precious
directory
fifo
file
nowhere"

is "the pid cannot be printed: exit 1" \
    "$(svc timeout 20 "$binder" -p "$T/svc/full" 2>"$T/err" >/dev/full
	echo $?)" 1
like "... it says so" "$(cat "$T/err")" 'cannot say that it serves: No space'
not_ok "... and there is no daemon then" test -e "$T/svc/full"

# Where its directory cannot be read it removes its socket all the same.
svc mkdir -m 300 "$T/svc/blind"
started_as_daemon "$T/svc/blind/sb"
is "a directory that cannot be read: exit 0" "$status" 0
stop "$pid"
is "... its socket is removed" "$(find "$T/svc/blind/sb" 2>&1 |
	grep -c 'No such file')" 1

long=$T/svc/$(printf '%0100d' 0)
is "a path of more than 107 bytes: exit 1" "$(status_of "$binder" "$long")" 1
like "... it says why" "$(cat "$T/err")" 'File name too long'
name=$(printf "%0$((107 - ${#T} - 5))d" 0)
is "107 bytes are not too many" "$(printf %s "$T/svc/$name" | wc -c)" 107
started_as_daemon "$T/svc/$name"
is "... exit 0" "$status" 0
is "... it serves" "$(bound_by "$T/svc/$name")" "127.0.0.1 80"
stop "$pid"
is "no such directory: exit 1" "$(status_of "$binder" "$T/none/sb")" 1

# Mode and owner.
started_as_daemon "$T/svc/sb" 666 "$(id -u "$SVC").$(svc id -g)"
is "mode, and its own user and group by number: exit 0" "$status" 0
is "... mode" "$(stat -c %a "$T/svc/sb")" 666
stop "$pid"
if [ "$TIER" = root ]; then
	started_as_daemon "$T/svc/sb" 0660 "$SVC"
	is "its own user by name: exit 0" "$status" 0
	stop "$pid"
	is "an owner that it may not give: exit 1" \
	    "$(status_of "$binder" "$T/svc/sb" 0660 root.root)" 1
	like "... it says why" "$(cat "$T/err")" 'Operation not permitted'
	not_ok "... and leaves nothing" test -e "$T/svc/sb"
	pid=$("$binder" -p "$T/svc/sb" 0620 "$SVC.$OTHER" 2>"$T/err")
	started "$pid"
	is "root may give it to others" "$(stat -c '%a %U %G' "$T/svc/sb")" \
	    "620 $SVC $OTHER"
	like "... and is told what that means" "$(cat "$T/err")" \
	    'running as root'
	is "... who have access" "$(bound_by "$T/svc/sb")" "127.0.0.1 80"
	stop "$pid"
	rm -f "$T/svc/sb"
fi
is "an unknown user: exit 1" \
    "$(status_of "$binder" "$T/svc/sb" 0660 no-such-user)" 1
is "an unknown group: exit 1" \
    "$(status_of "$binder" "$T/svc/sb" 0660 "$(id -u).no-such-group")" 1
not_ok "... and no socket is made" test -e "$T/svc/sb"

# Usage.
is "-h: exit 0" "$(status_of "$binder" -h)" 0
is "-h: nothing on stderr" "$(cat "$T/err")" ""
is "-h: 80 columns at most" "$(awk 'length > 80' "$T/out")" ""
for args in "" "-x $T/svc/sb" "a b c d" "$T/svc/sb 0888" "$T/svc/sb 01000" \
    "$T/svc/sb rw"; do
	# shellcheck disable=SC2086 # several arguments
	is "usage: $args: exit 2" "$(status_of "$binder" $args)" 2
	like "... on stderr" "$(cat "$T/err")" '^usage: '
done

# Many at once: one serves, all others say so.
racers=
for i in 1 2 3 4 5 6 7 8; do
	svc timeout 20 "$binder" -p "$T/svc/race" >"$T/race.$i" 2>&1 &
	racers="$racers $!"
done
# shellcheck disable=SC2086 # several pids
wait $racers
for i in 1 2 3 4 5 6 7 8; do
	pid=$(grep -E '^[0-9]+$' "$T/race.$i") && started "$pid"
done
is "eight at once: one serves" "$(grep -El '^[0-9]+$' "$T"/race.* | wc -l)" 1
is "... the others say so" \
    "$(grep -l 'already being provided' "$T"/race.* | wc -l)" 7
is "... it serves" "$(bound_by "$T/svc/race")" "127.0.0.1 80"

finish
