#!/bin/sh
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need nginx pg_createcluster
. "$TESTS/lib/systemd.sh"

# The distribution's units with the drop-ins, as their heads say.
system_make
dropins=$T/build/etc/systemd
# The lines that the heads of the drop-ins tell to put into the files.
cat "$dropins"/*.d-bsock.conf | sed -n 's/^#	//p' >"$T/lines"
grep '^[a-z].* AF_' "$T/lines" >>"$root/etc/bsock"
{
	grep '^AF' "$T/lines"
	sed -n 's/^www-data //p' "$T/lines"
} >>"$root/etc/bsock.resvaddr"

nginx_set_up() {
	sed -i -e '/^user /d' -e '/modules-enabled/d' \
	    -e 's|^pid .*|pid /run/nginx/nginx.pid;\nenv LD_PRELOAD;|' \
	    "$root/etc/nginx/nginx.conf" &&
		rm -f "$root"/etc/nginx/conf.d/* &&
		rm -f "$root"/etc/nginx/sites-enabled/* &&
		rm -rf "$root/var/lib/nginx" &&
		cat >"$root/etc/nginx/conf.d/test.conf" <<-'END' &&
		server { listen 80; listen [::]:80; return 200 ok; }
		END
		mkdir -p "$etc/nginx.service.d" &&
		cp "$dropins/nginx.service.d-bsock.conf" \
		    "$etc/nginx.service.d/bsock.conf"
}
postgres_set_up() {
	in_root sh -c 'mkdir -p /run/postgresql && rm -rf /etc/postgresql/* &&
	    chown postgres: /run/postgresql && set -- /usr/lib/postgresql/* &&
	    pg_createcluster --port 5432 "${1##*/}" bsock -- -N' &&
		grep '^LD_PRELOAD' "$T/lines" |
		tee -a "$root"/etc/postgresql/*/bsock/environment &&
		echo "fsync = off" |
		tee -a "$root"/etc/postgresql/*/bsock/postgresql.conf &&
		printf 'd /run/postgresql 2775 postgres postgres -\n' \
		    >"$root/etc/tmpfiles.d/test.conf" &&
		mkdir -p "$etc/postgresql@.service.d" &&
		cp "$dropins/postgresql.service.d-bsock.conf" \
		    "$etc/postgresql@.service.d/bsock.conf"
}
ok "nginx is set up" nginx_set_up
ok "postgresql is set up" postgres_set_up
pg_unit=postgresql@$(cd "$root/etc/postgresql" && echo *)-bsock
ok "the files are right" in_root bsock -t
system_start
ok "bsock serves" eventually active bsock

# Whoever claimed it has gone to the background.
held() {
	there bsockctl status | grep -Eq "^tcp $1 .* listening .* $2 [0-9]+ $3"
}
of_root() {
	there ps -o user= -C nginx | grep -c root
}
# restarts UNIT N: under load; what became of the clients is in $T/load.
restarts() {
	n=0
	while [ $n -lt "$2" ]; do
		n=$((n + 1))
		there systemctl restart "$1" || return 1
		sleep 0.1
	done
}
# under_load PROTOCOL PORT CMD...
under_load() {
	"$B/load" -c 4 "$1" 127.0.0.1 "$2" >"$T/load" &
	load=$!
	started $load
	shift 2
	ok "systemctl: $*" "$@"
	stop $load
	diag "$(cat "$T/load")"
}

ok "nginx starts" there systemctl start nginx
ok "and has its addresses" eventually held 80 www-data nginx
is "nothing of it is root's" "$(of_root)" 0
under_load http 80 restarts nginx 3
like "no client noticed" "$(cat "$T/load")" \
    '^ok=[1-9][0-9]* refused=0 reset=0 timeout=0 other=0'
under_load http 80 there systemctl reload nginx
like "nor a reload" "$(cat "$T/load")" \
    '^ok=[1-9][0-9]* refused=0 reset=0 timeout=0 other=0'

ok "postgresql starts" there systemctl start "$pg_unit"
ok "and has its address" eventually held 5432 postgres postgres
# Debian's unit ends the sessions that there are (pg_ctlcluster -m fast).
under_load postgresql 5432 restarts "$pg_unit" 2
like "nobody was refused" "$(cat "$T/load")" \
    '^ok=[1-9][0-9]* refused=0 reset=[0-9]* timeout=0 other=0'

for unit in nginx "$pg_unit" bsock; do
	ok "$unit stops" there systemctl stop "$unit"
done
system_stop
finish
