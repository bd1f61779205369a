#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/client.sh"

rules "$SVC_UID AF_INET SOCK_STREAM tcp 0 127.0.0.1" \
    "$SVC_UID AF_INET SOCK_DGRAM udp 0 127.0.0.1" \
    "$SVC_UID AF_INET6 SOCK_STREAM tcp 0 ::1" \
    "$SVC_UID AF_INET SOCK_STREAM tcp 700 127.0.0.9"
reserve "AF_INET SOCK_STREAM tcp 701 127.0.0.9"
daemon_start || exit 1

# All of them, one after the other, until there are no more.
client "
held = []
while True:
    s = socket.socket()
    answer = ask(tcp(0, '127.0.0.1'), s)
    if str(answer) != '0':
        break
    held.append(s)
print(answer)
ports = {s.getsockname()[1] for s in held}
skipped = {623, 631, 636, 664, 749, 750, 783, 873, 992, 993, 994, 995}
blacklist = '/etc/bindresvport.blacklist'
if os.path.exists(blacklist) and os.stat(blacklist).st_uid == 0:
    for line in open(blacklist):
        if line[0].isdigit():
            skipped.add(int(line.split()[0]))
print(len(held) - len(ports), 'twice')
print(ports - set(range(600, 1024)), 'outside')
print(ports & skipped, 'to be skipped')
print(ports & {700, 701}, 'named by a rule or reserved')
print(set(range(600, 1024)) - ports - skipped, 'left out')
print(ask(tcp(0, '127.0.0.1')), ask(tcp(0, '127.0.0.1'), held[0]))
" >"$T/out" 2>&1
is "the last answer" "$(sed -n 1p "$T/out")" EADDRINUSE
is "no port twice" "$(sed -n 2p "$T/out")" "0 twice"
is "none outside" "$(sed -n 3p "$T/out")" "set() outside"
is "none of those to skip" "$(sed -n 4p "$T/out")" "set() to be skipped"
is "none that a rule or a reservation names" "$(sed -n 5p "$T/out")" \
    "set() named by a rule or reserved"
is "every other one" "$(sed -n 6p "$T/out")" "{700, 701} left out"
is "a full house, and a socket that is bound" "$(sed -n 7p "$T/out")" \
    "EADDRINUSE EINVAL"
is "made ones, datagrams, IPv6" "$(client "
print([600 <= ask(line).socket().getsockname()[1] < 1024 for line in (
    'AF_INET SOCK_STREAM tcp 0 127.0.0.1',
    'AF_INET SOCK_DGRAM udp 0 127.0.0.1', 'AF_INET6 SOCK_STREAM tcp 0 ::1')])
")" "[True, True, True]"
is "the start is random" "$(client "
def port():
    return ask(tcp(0, '127.0.0.1')).socket().getsockname()[1]
print(len({port() for _ in range(20)}) > 5)")" True
finish
