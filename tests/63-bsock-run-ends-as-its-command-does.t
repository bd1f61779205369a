#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need bash pgrep
. "${0%/*}/lib/run.sh"
. "${0%/*}/lib/client.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1

status() {
	svc "$RUN" "$@" >"$T/out" 2>"$T/err"
	echo $?
}

is "exit status 0" "$(status -m notify true)" 0
is "exit status 42" "$(status -m notify sh -c 'exit 42')" 42
# shellcheck disable=SC2016 # for that shell
for signal in 15:TERM 9:KILL 6:ABRT 11:SEGV; do
	is "death by SIG${signal#*:}" \
	    "$(status -m notify sh -c "kill -${signal#*:} \$\$")" \
	    $((128 + ${signal%:*}))
done
is "no such command: 127" "$(status -m notify no-such-command)" 127
like "and a sentence" "$(cat "$T/err")" \
    '^bsock-run: no-such-command: No such file or directory$'
is "not executable: 126" "$(status -m notify /etc/passwd)" 126
like "and a sentence" "$(cat "$T/err")" \
    '^bsock-run: /etc/passwd: Permission denied$'

is "stdin and stdout are the command's" \
    "$(echo through | svc "$RUN" -m notify cat)" through
cat >"$T/closes" <<'EOS'
"$1" -m notify sh -c 'exec >&-; exec sleep 1000' &
echo $! >&2
EOS
is "a command that closes stdout ends the pipe" \
    "$(svc sh "$T/closes" "$RUN" 2>"$T/pid"; echo end)" end
kill "$(cat "$T/pid")"
is "an ignored SIGCHLD does no harm" \
    "$(svc env --ignore-signal=CHLD "$RUN" -m notify sh -c 'exit 9'; echo $?)" 9

# --- signals that bsock-run gets
printf '%s\n' '#!/bin/sh' "trap 'echo \$1; exit 3' \$1" 'echo up' \
    'while :; do sleep 0.05; done' >"$T/trap"
chmod 755 "$T/trap"
for signal in TERM HUP USR1 USR2 WINCH; do
	svc_start "$RUN" -m notify "$T/trap" $signal >"$T/out"
	pid=$!
	eventually grep -q up "$T/out"
	kill -$signal $pid
	wait $pid
	is "SIG$signal is passed on" "$?$(tail -1 "$T/out")" "3$signal"
done
svc_start "$RUN" -m notify sleep 1000
pid=$!
command_of() {
	pgrep -P "$(pgrep -P "$1")"
}
eventually command_of $pid
command=$(command_of $pid)
kill -9 $pid
wait $pid
ok "who kills bsock-run for good kills the command" eventually gone "$command"

# --- daemons
# What it prints to is a pipe that nobody may keep open.
out=$(svc timeout 20 "$RUN" -m notify "$B/server" -d -i "$T/svc/pid" \
    127.0.0.1 80 hello 2>&1; echo "status $?")
is "a daemon gives the prompt back" "$out" "status 0"
ok "and serves" eventually get
server=$(cat "$T/svc/pid")
keeper=$(keeper_of "$server")
is "its keeper is there" "$(cat "/proc/$keeper/comm")" bsock-run
is "with no descriptor but its own" \
    "$(find "/proc/$keeper/fd" -lname '/*' ! -lname /dev/null)" ""
kill "$server"
ok "until the last descendant is gone" eventually gone "$keeper"

# --- a terminal
svc "$PYTHON" "$TESTS/prog/terminal.py" "$RUN" -m notify >"$T/out" 2>&1
is "job control" "$(cat "$T/out")" "ctrl-C 130
ctrl-\\ 131
ctrl-Z 148
jobs True
its process T
bg S
fg, ctrl-C 130
stdin 0
ignored ctrl-C 7
background read Stopped"

finish
