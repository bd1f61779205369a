#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_DGRAM udp $PORT 127.0.0.1"
daemon_start || exit 1

is "uid, SO_REUSEADDR" "$(client "
s = ask(tcp($PORT, '127.0.0.1')).socket()
print(os.fstat(s.fileno()).st_uid, s.getsockopt(SOL_SOCKET, SO_REUSEADDR))
")" "$SVC_UID 1"
is "a datagram socket has none" "$(client "
s = ask('AF_INET SOCK_DGRAM udp $PORT 127.0.0.1').socket()
print(os.fstat(s.fileno()).st_uid, s.getsockopt(SOL_SOCKET, SO_REUSEADDR))
")" "$SVC_UID 0"
# Each copy of the daemon's is closed by the time the client knows of it.
is "closed and bound again, 200 times, no matter who made it" "$(client "
for _ in range(100):
    s = socket.socket()
    first = ask(tcp($PORT, '127.0.0.1'), s)
    s.listen(1)
    s.close()
    conn = connect()
    conn.sendall(tcp($PORT, '127.0.0.1'))
    second = Answer(conn)
    conn.recv(1) # the end: nothing of it is left there
    s = second.socket()
    s.listen(1)
    s.close()
    print(first, second)
" | sort | uniq -c | sed 's/^ *//')" "100 0 0"
is "in use is EADDRINUSE" "$(client "
s = socket.socket()
print(ask(tcp($PORT, '127.0.0.1'), s))
s.listen()
print(ask(tcp($PORT, '127.0.0.1')), ask(tcp($PORT, '127.0.0.1'),
    socket.socket()))" | paste -sd ' ')" "0 EADDRINUSE EADDRINUSE"
finish
