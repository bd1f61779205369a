#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need nginx

rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 80 ::"
daemon_start || exit 1

cat >"$T/nginx.conf" <<EOF
daemon off;
worker_processes 2;
pid $T/svc/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $T/svc;
	proxy_temp_path $T/svc;
	fastcgi_temp_path $T/svc;
	uwsgi_temp_path $T/svc;
	scgi_temp_path $T/svc;
	server {
		listen 80;
		listen [::]:80;
		return 200 "hello from nginx";
	}
}
EOF

get() {
	"$B/talk" "$1" 80 'GET / HTTP/1.0\r\n\r\n'
}

not_ok "alone it may not bind port 80" \
    svc nginx -c "$T/nginx.conf" -e stderr
shim_start nginx -c "$T/nginx.conf" -e stderr 2>"$T/out"
pid=$!
ok "it serves under the shim" eventually get 127.0.0.1
like "IPv4" "$(get 127.0.0.1)" "hello from nginx"
like "IPv6" "$(get ::1)" "hello from nginx"
is "no listener is root's" "$(root_listeners)" ""
two_grants() {
	[ "$(grep -c '^<6>grant' "$T/log")" = 2 ]
}
ok "two grants" eventually two_grants
kill -HUP $pid
ok "it reloads its configuration" eventually grep -q 'reconfiguring' "$T/out"
like "and serves" "$(get 127.0.0.1)" "hello from nginx"

finish
