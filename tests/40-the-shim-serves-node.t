#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need node

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::1" \
    "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1"
daemon_start || exit 1

cat >"$T/server.js" <<'EOF'
const http = require('http'), dgram = require('dgram');
const answer = (req, res) => res.end('hello from node');
http.createServer(answer).listen(80, '127.0.0.1', () =>
    http.createServer(answer).listen(80, '::1', () => {
	const udp = dgram.createSocket('udp4');
	udp.on('message', (m, peer) => udp.send('echo ' + m, peer.port));
	udp.bind(53, '127.0.0.1', () => console.log('ready'));
    }));
EOF

get() {
	"$B/talk" "$1" 80 'GET / HTTP/1.0\r\n\r\n'
}

not_ok "alone it may not bind port 80" svc node "$T/server.js"
shim_start node "$T/server.js" >"$T/out"
ok "it serves under the shim" eventually grep -q ready "$T/out"
like "IPv4" "$(get 127.0.0.1)" "hello from node"
like "IPv6" "$(get ::1)" "hello from node"
is "UDP" "$("$B/talk" -u 127.0.0.1 53 one)" "echo one"
is "no socket is root's" "$(root_listeners)" ""

finish
