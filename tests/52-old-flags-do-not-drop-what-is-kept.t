#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/client.sh"

# Clients of before leave the flags of getaddrinfo(3) in a request (AI_PASSIVE
# is 1).  Only one bit of them means anything here.
rules "$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1"
daemon_start || exit 1

client "
def claim(flags):
    answer = ask(tcp($PORT, '127.0.0.1', flags=flags))
    if not answer.fds:
        return str(answer), 0, None
    s = answer.socket()
    return answer.error + ' %d' % answer.flags, os.fstat(s.fileno()).st_ino, s
first, inode, s = claim(0)
print(first)
s.listen(5)
waiting = socket.create_connection(('127.0.0.1', $PORT))
s.close()
for flags in 1, 0x20, 0x3fffffff, 0xbfffffff:
    error, again, s = claim(flags)
    print(error, again == inode, hex(flags))
print(s.accept()[0] is not None, 'the connection that waited')
" >"$T/out" 2>&1
is "each gets the kept socket" "$(cat "$T/out")" "0 1
0 1 True 0x1
0 1 True 0x20
0 1 True 0x3fffffff
0 1 True 0xbfffffff
True the connection that waited"
finish
