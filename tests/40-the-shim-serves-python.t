#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
python=/usr/bin/python3
need $python

rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::" \
    "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1" \
    "$SVC AF_INET6 SOCK_DGRAM udp 53 ::1"
daemon_start || exit 1

get() {
	"$B/talk" "$1" 80 'GET / HTTP/1.0\r\n\r\n'
}

http_server() {
	mkdir "$T/$1" && echo "$1" >"$T/$1/index.html"
	shim_start $python -m http.server -b "$2" -d "$T/$1" 80 >/dev/null 2>&1
}

not_ok "http.server alone may not bind port 80" \
    svc $python -m http.server -b 0.0.0.0 80
http_server four 0.0.0.0
pid=$!
ok "http.server serves under the shim" eventually get 127.0.0.1
like "IPv4" "$(get 127.0.0.1)" "four"
stop $pid
http_server six ::
pid=$!
ok "and on IPv6" eventually get ::1
like "IPv6" "$(get ::1)" "six"

cat >"$T/echo.py" <<'EOF'
import asyncio, sys

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, peer):
        self.transport.sendto(b"echo " + data, peer)

async def main():
    loop = asyncio.get_running_loop()
    for host in "127.0.0.1", "::1":
        await loop.create_datagram_endpoint(Echo, local_addr=(host, 53))
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
EOF
not_ok "an asyncio UDP server alone may not bind port 53" \
    svc $python "$T/echo.py"
shim_start $python "$T/echo.py" >"$T/out"
ok "it serves under the shim" eventually grep -q ready "$T/out"
is "IPv4" "$("$B/talk" -u 127.0.0.1 53 one)" "echo one"
is "IPv6" "$("$B/talk" -u ::1 53 two)" "echo two"
is "no socket is root's" "$(root_listeners)" ""

finish
