#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

# Whoever closes the last descriptor of a socket with SO_LINGER, and with data
# that its peer does not read, waits for a minute: here it is the daemon, and
# one thread of it serves.
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start -j 1 || exit 1

# Stopped, until the client has closed its own.
freeze "$DAEMON"
client_start "
def lingering():
    listener = socket.socket()
    listener.setsockopt(SOL_SOCKET, socket.SO_RCVBUF, 2048)
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    s = socket.create_connection(listener.getsockname())
    peer = listener.accept()[0]
    s.setsockopt(SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 60))
    s.setblocking(False)
    try:
        while True:
            s.send(bytes(65536))
    except BlockingIOError:
        pass
    return s, peer
held = []
# One that is refused, surplus ones, and those whose client is gone.
for way in 'refused', 'surplus', 'gone', 'malformed':
    s, peer = lingering()
    conn = connect()
    socket.send_fds(conn, [b'x' if way == 'malformed' else
                           tcp($PORT, '127.0.0.1')],
                    [s.fileno()] * (3 if way == 'surplus' else 1))
    s.close()
    held.append(peer)
    if way == 'gone':
        conn.close()
    else:
        held.append(conn)
print('sent', flush=True)
wait_for(lambda: os.path.exists('$T/over'))
" >"$T/out" 2>&1
ok "four sockets are on their way" eventually grep -q sent "$T/out"
kill -CONT "$DAEMON"
begin=$(date +%s)
is "the next client is served" \
    "$(client "print(ask(tcp($PORT, '127.0.0.1')))")" "0 +fd"
took=$(($(date +%s) - begin))
ok "at once ($took s)" [ $took -lt 8 ]
is "each of them was refused" "$(grep -c '^<5>deny' "$T/log")" 4
touch "$T/over"
finish
