#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/client.sh"

# Strangers: uids to whom no rule can apply.
rules "nobody AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "daemon AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1
export PYTHONPATH="$TESTS/lib" PYTHONDONTWRITEBYTECODE=1

# 80 silent connections of one uid; how many were sent away at once.
# What is parked hears ETIME after 2 s, so each answer tells.
client "
conns = []
for _ in range(64):
    conns.append(connect())
time.sleep(0.3) # until they are parked; none can be before
more = [connect() for _ in range(16)]
print([str(Answer(c)) for c in more].count('EAGAIN'))
print(ask('AF_INET SOCK_STREAM tcp 80 127.0.0.1'))
print('full', flush=True)
wait_for(lambda: os.path.exists('$T/other'))
print([str(Answer(c)) for c in conns].count('ETIME'))
print(ask('AF_INET SOCK_STREAM tcp 80 127.0.0.1'))
" >"$T/out" 2>&1 &
CLIENT=$!
started $CLIENT
eventually grep -q full "$T/out"
is "another user is served meanwhile" "$(other "$PYTHON" -c "
from client import *
print(ask('AF_INET SOCK_STREAM tcp 80 127.0.0.1'))")" "0 +fd"
touch "$T/other"
wait $CLIENT
is "the 65th and further ones are sent away" "$(sed -n 1p "$T/out")" 16
is "so is a question of that user" "$(sed -n 2p "$T/out")" "EAGAIN"
is "the 64 have their time" "$(sed -n 4p "$T/out")" 64
is "then it is served again" "$(sed -n 5p "$T/out")" "0 +fd"

# 100 strangers, one connection each.
"$PYTHON" -c "
from client import *
conns = []
for uid in range(70000, 70100):
    os.seteuid(0)
    os.seteuid(uid)
    conns.append(connect())
print('connected', flush=True)
print([str(Answer(conn)) for conn in conns].count('EAGAIN'))
" >"$T/out" 2>&1 &
CLIENT=$!
started $CLIENT
eventually grep -q connected "$T/out"
is "known users are served beside strangers" \
    "$(client "print(ask('AF_INET SOCK_STREAM tcp 80 127.0.0.1'))")" "0 +fd"
wait $CLIENT
is "all strangers together have 64" "$(sed -n 2p "$T/out")" 36

# Replies with a descriptor that nobody reads keep their place.
is "unread descriptors count" "$(client "
conns = []
for _ in range(64):
    conn = connect()
    conn.sendall(tcp(80, '127.0.0.1'))
    conns.append(conn)
time.sleep(0.3)
print(ask(tcp(80, '127.0.0.1')))
for conn in conns:
    Answer(conn)
def served():
    return str(ask(tcp(80, '127.0.0.1'))) == '0 +fd'
wait_for(served)
print('read')
" | paste -sd ' ')" "EAGAIN read"
finish
