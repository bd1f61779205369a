#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
need python3

for user in "$SVC" "$OTHER"; do
	echo "$user AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
	echo "$user AF_INET SOCK_DGRAM udp 53 127.0.0.1"
	echo "$user AF_INET SOCK_DGRAM udp 54 0.0.0.0"
done >"$T/bsock"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "AF_INET SOCK_DGRAM udp 53 127.0.0.1" \
    "AF_INET SOCK_DGRAM udp 54 0.0.0.0"
daemon_start || exit 1

# Answers with its name; "listen" on its input: tries to listen again.
cat >"$T/holder" <<'PY'
import errno, os, select, socket, sys
name, port, proto = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", port))
s.listen(50)
print("ready", flush=True)
listening = True
while True:
    r, _, _ = select.select([sys.stdin] + [s] * listening, [], [])
    if sys.stdin in r:
        if not sys.stdin.readline():
            sys.stdin.close()
            os._exit(0)
        for how in (), (socket.SO_REUSEADDR, 1), (socket.SO_REUSEPORT, 0), \
                (socket.SO_REUSEADDR, 0), (socket.SO_REUSEPORT, 1):
            if how:
                s.setsockopt(socket.SOL_SOCKET, *how)
            try:
                s.listen(50)
                print("listens", flush=True)
            except OSError as e:
                print(errno.errorcode[e.errno], flush=True)
        print("tried", flush=True)
        listening = False
        continue
    try:
        c, _ = s.accept()
        c.send(name.encode())
        c.close()
    except OSError:
        listening = False
PY

cat >"$T/ask20" <<'PY'
import socket, sys
got = []
for _ in range(20):
    try:
        c = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
        got.append(c.recv(10).decode() or "nothing")
        c.close()
    except OSError as e:
        got.append(str(e))
print(" ".join(sorted(set(got))))
PY

mkfifo "$T/in"
# old AS PROTOCOL; its orders come from descriptor 7.
old() {
	: >"$T/old"
	$SVC_RUN env LD_PRELOAD="$BUILD/libbsock_preload.so" python3 \
	    "$T/holder" old "$PORT" "$1" <"$T/in" >"$T/old" &
	OLD=$!
	started $OLD
	exec 7>"$T/in"
	ok "the first user holds it" eventually grep -q ready "$T/old"
}

new() {
	: >"$T/new"
	$OTHER_RUN env LD_PRELOAD="$BUILD/libbsock_preload.so" python3 \
	    "$T/holder" new "$PORT" "$1" <"$T/never" >"$T/new" &
	NEW=$!
	started $NEW
	exec 8>"$T/never"
	ok "the second user holds it" eventually grep -q ready "$T/new"
}
mkfifo "$T/never"

try_again() {
	echo again >&7
	eventually grep -q tried "$T/old"
}

for proto in 0 262; do
	kind=tcp
	if [ $proto = 262 ]; then
		kind=mptcp
		python3 -c 'import socket; socket.socket(2, 1, 262)' \
		    2>/dev/null || continue
	fi
	old $proto
	is "$kind: it is served by the first" "$(python3 "$T/ask20" "$PORT")" \
	    old
	new $proto
	is "$kind: every connection goes to the second" \
	    "$(python3 "$T/ask20" "$PORT")" new
	try_again
	if [ $kind = tcp ]; then
		not_ok "$kind: and cannot" grep listens "$T/old"
		is "$kind: whatever it sets" \
		    "$(grep -c EADDRINUSE "$T/old")" 5
	fi
	is "$kind: every connection still goes to the second" \
	    "$(python3 "$T/ask20" "$PORT")" new
	exec 7>&-
	stop $OLD
	is "$kind: and when the first is gone" \
	    "$(python3 "$T/ask20" "$PORT")" new
	exec 8>&-
	stop $NEW
done

# Listeners of workers, and one that was dropped for another: of those the
# daemon has no copy, so the second user waits for their end.
cat >"$T/more" <<'PY'
import os, socket, sys
def bound(reuseport, v6=False):
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
    if reuseport:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("::ffff:127.0.0.1" if v6 else "127.0.0.1", int(sys.argv[2])))
    s.listen(5)
    return s
a = bound(True)
b = bound(sys.argv[1] == "workers", sys.argv[1] == "another")
if os.fork() == 0:
    a.close()  # a child that has the second alone
    sys.stdin.read()
    os._exit(0)
os._exit(0)
PY
second() {
	other "$B/ask" "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
}
second_gets_it() {
	[ "$(second)" = 0 ]
}
for how in workers another; do
	$SVC_RUN env LD_PRELOAD="$BUILD/libbsock_preload.so" python3 \
	    "$T/more" $how "$PORT" <"$T/in" &
	MORE=$!
	exec 7>"$T/in"
	wait $MORE
	is "$how: the second user is kept off" "$(second)" EADDRINUSE
	is "$how: the first is not" "$(svc "$B/ask" \
	    "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1")" 0
	exec 7>&-
	ok "$how: until they are gone" eventually second_gets_it
done

# A reload that takes the rule away puts the holder out.
old 0
rules "$OTHER AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1" \
    "$OTHER AF_INET SOCK_DGRAM udp 53 127.0.0.1" \
    "$SVC AF_INET SOCK_DGRAM udp 54 0.0.0.0" \
    "$OTHER AF_INET SOCK_DGRAM udp 54 0.0.0.0"
daemon_reload
like "without its rule the holder gets no connection" \
    "$(python3 "$T/ask20" "$PORT")" refused
try_again
not_ok "and tries to listen in vain" grep listens "$T/old"
exec 7>&-
stop $OLD

# Datagram sockets cannot be made useless: the holder's end frees them.
for at in "53 127.0.0.1" "54 0.0.0.0"; do
	svc_start "$B/ask" -w "AF_INET SOCK_DGRAM udp $at" >"$T/old"
	OLD=$!
	ok "udp $at: the first user holds it" eventually grep -qx 0 "$T/old"
	is "udp $at: the second is told so" \
	    "$(other "$B/ask" "AF_INET SOCK_DGRAM udp $at")" EADDRINUSE
	stop $OLD
	is "udp $at: after its end the second gets it" \
	    "$(other "$B/ask" "AF_INET SOCK_DGRAM udp $at")" 0
done

# A child that outlives the claimant still has the description.
cat >"$T/parent" <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 54))
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
os._exit(0)
PY
sleep 0.1
$SVC_RUN env LD_PRELOAD="$BUILD/libbsock_preload.so" python3 "$T/parent" \
    <"$T/in" &
PARENT=$!
exec 7>"$T/in"
wait $PARENT
is "udp: the claimant's child keeps the second user off" \
    "$(other "$B/ask" "AF_INET SOCK_DGRAM udp 54 0.0.0.0")" EADDRINUSE
exec 7>&-
second_gets_it() {
	[ "$(other "$B/ask" "AF_INET SOCK_DGRAM udp 54 0.0.0.0")" = 0 ]
}
ok "udp: until it ends" eventually second_gets_it
finish
