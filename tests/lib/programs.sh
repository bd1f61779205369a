# programs.sh - unmodified web servers for tests of bsock-run, after run.sh
# and client.sh; they listen on 127.0.0.1 port 80.
#	cell PROGRAM MODE	starts one, sets $cell to "serves" or "fails",
#				and ends it

echo 'hello from busybox' >"$T/svc/index.html"
echo '127.0.0.1 80' >"$T/svc/httpd.conf"
cat >"$T/server.py" <<'EOS'
from http.server import *
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'hello from python\n')
HTTPServer(('127.0.0.1', 80), Handler).serve_forever()
EOS
cat >"$T/server.js" <<'EOS'
require('http').createServer((q, r) => r.end('hello from node'))
    .listen(80, '127.0.0.1');
EOS
cat >"$T/nginx.conf" <<EOS
pid $T/svc/pid;
error_log stderr;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $T/svc; proxy_temp_path $T/svc;
	fastcgi_temp_path $T/svc; uwsgi_temp_path $T/svc;
	scgi_temp_path $T/svc;
	server { listen 127.0.0.1:80; return 200 "hello from nginx"; }
}
EOS
printf '#!/bin/sh\n"$@"\nexit $?\n' >"$T/script"
chmod 755 "$T/script"
PAGE="127.0.0.1 80 hello"

# The command of each row.  In a subshell that becomes it.
# shellcheck disable=SC2086 # words
row_command() {
	case $1 in
	go) set -- "$KINDS/go" 127.0.0.1:80 hello ;;
	go-cgo) set -- "$KINDS/go-cgo" 127.0.0.1:80 hello ;;
	busybox-httpd) set -- busybox httpd -f -p 127.0.0.1:80 -h "$T/svc" ;;
	busybox-daemon) set -- busybox httpd -p 127.0.0.1:80 -h "$T/svc" ;;
	static) set -- "$KINDS/static" $PAGE ;;
	static-daemon) set -- "$KINDS/static" -d -i "$T/svc/pid" $PAGE ;;
	i386) set -- "$KINDS/i386" $PAGE ;;
	dynamic) set -- "$B/server" $PAGE ;;
	closes-all) set -- "$B/server" -c $PAGE ;;
	python) set -- "$PYTHON" "$T/server.py" ;;
	node) set -- node "$T/server.js" ;;
	nginx-daemon) set -- nginx -c "$T/nginx.conf" -e stderr ;;
	script) set -- "$T/script" "$B/server" $PAGE ;;
	script-of-static) set -- "$T/script" "$KINDS/static" $PAGE ;;
	esac
	ROW=$*
}

serves_or_ended() {
	get | grep -q hello && return 0
	gone "$pid" || return 1
	# A daemon that is about to serve has still to bind.
	[ -n "$daemonises" ] || return 0
	n_ended=$((n_ended + 1))
	[ $n_ended -gt 15 ]
}

# Whose sockets listen, besides the daemon's copies.
listeners() {
	ss -Htlnp | grep -o 'pid=[0-9]*' | sed 's/pid=//' | sort -u |
		grep -vx "$DAEMON"
}

nobody_listens() {
	[ -z "$(listeners)" ]
}

# Who listens, and what is left of it, is ended by pid.
end_row() {
	for end_pid in $(listeners); do
		kill "$end_pid"
	done
	[ ! -s "$T/svc/pid" ] || kill "$(cat "$T/svc/pid")" 2>/dev/null
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rm -f "$T/svc/pid"
	eventually nobody_listens
}

# cell PROGRAM MODE: "serves" or "fails".
cell() {
	row_command "$1"
	daemonises=
	n_ended=0
	case $1 in *daemon) daemonises=1 ;; esac
	# shellcheck disable=SC2086
	svc_start "$RUN" -m "$2" $ROW >"$T/out" 2>&1
	pid=$!
	eventually serves_or_ended
	cell=fails
	! get | grep -q hello || cell=serves
	end_row
}
