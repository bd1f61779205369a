#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need nginx gcc
. "${0%/*}/lib/run.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 443 127.0.0.1" \
    "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 443 127.0.0.1"
daemon_start || exit 1
WEB='AF_INET SOCK_STREAM tcp 80 127.0.0.1'
TLS='AF_INET SOCK_STREAM tcp 443 127.0.0.1'
DNS='AF_INET SOCK_DGRAM udp 53 127.0.0.1'

# shellcheck disable=SC2016 # for that shell
show='echo $LISTEN_FDS $(($$ - LISTEN_PID)) $LISTEN_FDNAMES
for n in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$n ] || echo $n; done'
is "number, pid, names and descriptors" "$(svc "$RUN" -l "web=$WEB" \
    -l "$TLS" -l "dns=$DNS" sh -c "$show" 7</dev/null | tr '\n' ' ')" \
    "3 0 web:unknown:dns 3 4 5 7 "
is "the same under notify" "$(svc "$RUN" -m notify -l "web=$WEB" \
    sh -c "$show" | tr '\n' ' ')" "1 0 web 3 "
is "the same under preload" "$(svc "$RUN" -m preload -l "web=$WEB" \
    sh -c "$show" | tr '\n' ' ')" "1 0 web 3 "

gcc -o "$T/listenfds" "$TOP/examples/listenfds.c"
svc_start "$RUN" -l "$WEB" -l "$TLS" "$T/listenfds" hello
pid=$!
like "the example serves" "$(eventually get && get)" hello
like "on a reserved address as well" "$(get 127.0.0.1 443)" hello
like "nothing else is left behind" "$(cat "/proc/$pid/comm")" listenfds
is "the queue is as long as it can be" "$(ss -Htln 'sport = 80' |
    awk '{ print $3 }')" "$(cat /proc/sys/net/core/somaxconn)"
stop $pid

cat >"$T/nginx.conf" <<EOS
daemon off;
pid $T/svc/pid;
error_log stderr notice;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $T/svc; proxy_temp_path $T/svc;
	fastcgi_temp_path $T/svc; uwsgi_temp_path $T/svc;
	scgi_temp_path $T/svc;
	server { listen 127.0.0.1:80; return 200 "hello from nginx"; }
}
EOS
svc_start env 'NGINX=3;' "$RUN" -l "$WEB" nginx -c "$T/nginx.conf" \
    -e stderr 2>"$T/out"
pid=$!
like "nginx takes it as inherited" "$(eventually get && get)" nginx
like "and says so" "$(cat "$T/out")" 'using inherited sockets from "3;"'
stop $pid

# refused TEXT OPTION...: exit status 125 and a sentence.
refused() {
	re_text=$1
	shift
	svc "$RUN" "$@" true >"$T/out" 2>&1
	is "$*: 125" $? 125
	like "and a sentence" "$(cat "$T/out")" "^bsock-run: .*$re_text"
}
refused "no rule lets .* bind AF_INET SOCK_STREAM tcp 81" \
    -l 'AF_INET SOCK_STREAM tcp 81 127.0.0.1'
refused "five fields are needed" -l 'AF_INET SOCK_STREAM tcp 80'
refused "99999" -l 'AF_INET SOCK_STREAM tcp 99999 127.0.0.1'
refused "numeric" -l 'AF_INET SOCK_STREAM tcp 80 localhost'
refused "name" -l "a:b=$WEB"
refused "Cannot assign requested address" \
    -l 'AF_INET SOCK_STREAM tcp 8080 192.0.2.1'

finish
