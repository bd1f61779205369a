#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need apache2
. "$TESTS/lib/recipe.sh"

rules "$SVC AF_INET6 SOCK_STREAM tcp 80 ::"
daemon_start || exit 1

# Debian's modules; no User and Group lines: it is that user already.
cat >"$T/apache.conf" <<EOF
ServerName localhost
ServerRoot $T/svc
PidFile $T/svc/apache.pid
ErrorLog $T/svc/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
DefaultRuntimeDir $T/svc
StartServers 1
Listen 80
DocumentRoot $T/www
EOF
mkdir "$T/www"
echo "hello from apache" >"$T/www/index.html"

not_ok "alone it may not bind port 80" \
    svc apache2 -f "$T/apache.conf" -DFOREGROUND
recipe apache2 -f "$T/apache.conf" -DFOREGROUND
serves "it serves" get
like "IPv4, since :: is dual" "$(get)" "^HTTP/1.1 "
like "IPv6" "$(get ::1)" "^HTTP/1.1 "
is "no listener is root's" "$(root_listeners)" ""
kill -USR1 "$SERVER"
ok "it reloads" eventually grep -qi graceful "$T/svc/error.log"
serves "and serves" get

finish
