#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need nginx redis-server node
. "$TESTS/lib/recipe.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 82 ::"
daemon_start || exit 1

cat >"$T/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $T/svc/nginx.pid;
error_log stderr;
env LD_PRELOAD;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $T/svc;
	proxy_temp_path $T/svc;
	fastcgi_temp_path $T/svc;
	uwsgi_temp_path $T/svc;
	scgi_temp_path $T/svc;
	server {
		listen 127.0.0.1:80;
		return 200 "hello from nginx";
	}
}
END
cat >"$T/server.js" <<'END'
require('http').createServer((req, res) => res.end('hello from node'))
    .listen(82);
END
talk() {
	"$B/talk" 127.0.0.1 "$1" "$2"
}

recipe nginx -c "$T/nginx.conf" -e stderr
serves "nginx" get
like "its page" "$(get)" "hello from nginx"
recipe redis-server --port 81 --bind 127.0.0.1 --save ''
serves "redis" talk 81 'PING\r\nQUIT\r\n'
like "its answer" "$(talk 81 'PING\r\nQUIT\r\n')" PONG
recipe node "$T/server.js"
serves "node" talk 82 'GET / HTTP/1.0\r\n\r\n'
like "its page" "$(talk 82 'GET / HTTP/1.0\r\n\r\n')" "hello from node"
is "no listener is root's" "$(root_listeners)" ""

finish
