#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/run.sh"
. "${0%/*}/lib/client.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1

is "3,000 binds that bsock is asked for" \
    "$(svc "$RUN" -m notify "$B/storm" 3000 80 2>&1 | tail -3)" \
    "0 failed, many signals"
is "3,000 binds that the kernel allows" \
    "$(svc "$RUN" -m notify "$B/storm" 3000 8080 2>&1 | tail -3)" \
    "0 failed, many signals"

# Before anybody has looked at it the kernel lets a signal interrupt it, which
# a program that asks for EINTR sees; nothing has happened then.
is "3,000 binds that may be interrupted and are tried again" \
    "$(svc "$RUN" -m notify "$B/storm" -e 3000 80 2>&1 | tail -3)" \
    "0 failed, many signals"

# A daemon that does not answer keeps nobody waiting but who asked it.
cat >"$T/two.py" <<'EOS'
import os, socket, threading, time
def ask():
    try:
        socket.socket().bind(('127.0.0.1', 80))
    except OSError as e:
        os.write(1, (e.strerror + '\n').encode())  # in one piece
threads = [threading.Thread(target=ask) for _ in range(12)]
for t in threads: t.start()
time.sleep(0.5)
s = socket.socket()
s.bind(('127.0.0.1', 8080))
print('bound', sum(t.is_alive() for t in threads), flush=True)
for t in threads: t.join()
EOS
freeze "$DAEMON"
svc "$RUN" -m notify "$PYTHON" "$T/two.py" >"$T/out" 2>"$T/err"
kill -CONT "$DAEMON"
is "an unanswered question keeps no other bind waiting" \
    "$(head -1 "$T/out")" "bound 12"
is "it ends as bind(2) does" "$(sed 1d "$T/out" | sort | uniq -c |
    sed 's/^ *//')" "12 Permission denied"
like "and bsock-run says why" "$(cat "$T/err")" 'no answer within 5 seconds'

daemon_stop KILL
is "without a daemon too" "$(svc "$RUN" -m notify "$B/ask" -k \
    'AF_INET SOCK_STREAM tcp 80 127.0.0.1' 2>"$T/err")" EACCES
like "with a sentence" "$(cat "$T/err")" 'no daemon listens at'

finish
