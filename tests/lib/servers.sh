# servers.sh - unmodified servers, started and stopped as the service user
#
# After tap.sh.  For each NAME in $SERVERS:
#	server_prepare NAME	writes its config below $T/svc
#	server_start NAME	starts it under the shim; its pid is $SERVER
#	server_protocol NAME	how tests/prog/load talks to it
#	server_graceful NAME	the signal of its graceful stop, or nothing
#	server_hard NAME	the signal that drops what is being served
#	server_program NAME	what `need` asks for
# With SHIM= (empty) they are started without help.

SERVERS="nginx apache2 haproxy python3 redis node postgresql"
SHIM=${SHIM-$BUILD/libbsock_preload.so}
PG=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)

server_program() {
	case $1 in
	redis) echo redis-server ;;
	postgresql) echo "${PG:-/usr/lib/postgresql}/postgres" ;;
	*) echo "$1" ;;
	esac
}

server_protocol() {
	case $1 in
	redis | postgresql) echo "$1" ;;
	*) echo http ;;
	esac
}

server_graceful() {
	case $1 in
	nginx) echo QUIT ;;
	apache2) echo WINCH ;;
	haproxy) echo USR1 ;;
	node) echo INT ;;
	postgresql) echo TERM ;; # "smart": waits for its clients
	esac
}

server_hard() {
	case $1 in
	postgresql) echo INT ;; # "fast"
	*) echo TERM ;;
	esac
}

server_prepare_nginx() {
	cat >"$T/svc/nginx.conf" <<-CONF
	daemon off;
	worker_processes 2;
	pid $T/svc/nginx.pid;
	events { worker_connections 256; }
	http {
		access_log off;
		client_body_temp_path $T/svc/body;
		proxy_temp_path $T/svc/proxy;
		fastcgi_temp_path $T/svc/fastcgi;
		uwsgi_temp_path $T/svc/uwsgi;
		scgi_temp_path $T/svc/scgi;
		server { listen 127.0.0.1:$PORT; return 200 ok; }
	}
	CONF
}

server_prepare_apache2() {
	cat >"$T/svc/apache2.conf" <<-CONF
	ServerRoot $T/svc
	ServerName t
	DefaultRuntimeDir $T/svc
	PidFile $T/svc/apache2.pid
	ErrorLog $T/svc/apache2.err
	LoadModule mpm_event_module /usr/lib/apache2/modules/mpm_event.so
	LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
	LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
	Listen 127.0.0.1:$PORT
	DocumentRoot $T/svc
	CONF
	sed -i '/modules\/mpm_event.so/d' "$T/svc/apache2.conf"
}

server_prepare_haproxy() {
	cat >"$T/svc/haproxy.cfg" <<-CONF
	global
		maxconn 200
	defaults
		mode http
		timeout client 5s
		timeout connect 5s
		timeout server 5s
	frontend f
		bind 127.0.0.1:$PORT
		http-request return status 200
	CONF
}

server_prepare_node() {
	cat >"$T/svc/node.js" <<-JS
	const server = require("http").createServer((q, a) => a.end("ok"));
	server.listen($PORT, "127.0.0.1");
	process.on("SIGINT", () => server.close(() => process.exit(0)));
	JS
}

server_prepare_postgresql() {
	[ ! -d "$T/svc/pg" ] || return 0
	svc "$PG/initdb" -D "$T/svc/pg" -A trust -U postgres -N \
	    >"$T/initdb" 2>&1
	cat >>"$T/svc/pg/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	port = $PORT
	unix_socket_directories = ''
	fsync = off
	logging_collector = off
	max_connections = 30
	shared_buffers = 1MB
	CONF
}

server_prepare() {
	case $1 in
	redis | python3) ;;
	*) server_prepare_"$1" ;;
	esac
}

# Its own words go to $T/NAME.log.
server_start() {
	case $1 in
	nginx) set -- "$1" nginx -p "$T/svc" -e stderr \
	    -c "$T/svc/nginx.conf" ;;
	apache2) set -- "$1" apache2 -DFOREGROUND -f "$T/svc/apache2.conf" ;;
	haproxy) set -- "$1" haproxy -db -f "$T/svc/haproxy.cfg" ;;
	python3) set -- "$1" python3 -m http.server "$PORT" --bind 127.0.0.1 \
	    --directory "$T/svc" ;;
	redis) set -- "$1" redis-server --port "$PORT" --bind 127.0.0.1 \
	    --save "" --dir "$T/svc" ;;
	node) set -- "$1" node "$T/svc/node.js" ;;
	postgresql) set -- "$1" "$PG/postgres" -D "$T/svc/pg" ;;
	esac
	server_log=$T/$1.log
	shift
	svc_start env ${SHIM:+LD_PRELOAD="$SHIM"} "$@" \
	    >>"$server_log" 2>&1 </dev/null
	SERVER=$!
}

# It answers, and it is not an earlier one that does.
server_ready() {
	"$B/load" -c 1 -n 1 -t 15000 "$(server_protocol "$1")" 127.0.0.1 \
	    "$PORT" >"$T/ready" && ! gone "$SERVER"
}

# The process and its children.
server_pids() {
	echo "$SERVER"
	pgrep -P "$SERVER"
}

# Connections that the service has accepted: they have an inode.
server_accepted() {
	ss -Htne state established "sport = :$PORT" |
		grep -c 'ino:[1-9]'
}
