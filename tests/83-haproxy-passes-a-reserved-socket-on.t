#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need haproxy
. "$TESTS/lib/recipe.sh"

rule="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
rules "$SVC $rule"
reserve "$rule"
daemon_start || exit 1

cat >"$T/haproxy.cfg" <<END
global
	stats socket $T/svc/stats mode 600 level admin expose-fd listeners
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 5s
frontend web
	bind 127.0.0.1:80
	http-request return status 200 content-type text/plain string hello
END
# The processes that serve: no reload leaves one of the old ones.
page() {
	get | grep -q hello
}
inode() {
	ss -Hltne "sport = :80" | grep -o 'ino:[0-9]*'
}
load_start() {
	"$B/load" -c 4 http 127.0.0.1 80 >"$T/load" &
	load=$!
	started $load
	eventually page
}
none_lost() {
	stop $load
	like "$1" "$(cat "$T/load")" \
	    '^ok=[1-9][0-9]* refused=0 reset=0 timeout=0 other=0'
}

recipe haproxy -db -f "$T/haproxy.cfg"
serves "it serves" page
first=$SERVER before=$(inode)

# The new process gets its sockets from the old one (-x) and asks for none.
load_start
recipe haproxy -db -f "$T/haproxy.cfg" -x "$T/svc/stats" -sf "$first"
ok "a reload with -x ends the old process" eventually gone "$first"
second=$SERVER
ok "the new one serves" eventually page
none_lost "nobody was refused"
is "at the same socket" "$(inode)" "$before"
is "which was not asked for" "$(grep -c '<6>grant' "$T/log")" 1

# Without -x it asks, and gets the kept one.
load_start
recipe haproxy -db -f "$T/haproxy.cfg" -sf "$second"
ok "a reload without it" eventually gone "$second"
third=$SERVER
ok "the new one serves too" eventually page
none_lost "nobody was refused then"
is "at the same socket still" "$(inode)" "$before"
is "which was asked for" "$(grep -c '<6>grant' "$T/log")" 2

# What it did not ask for is kept all the same.
recipe haproxy -db -f "$T/haproxy.cfg" -x "$T/svc/stats" -sf "$third"
eventually gone "$third"
fourth=$SERVER
ok "a process that was given its sockets" eventually page
stop "$fourth" KILL
"$B/talk" 127.0.0.1 80 'GET / HTTP/1.0\r\n\r\n' >"$T/page" &
client=$!
started $client
recipe haproxy -db -f "$T/haproxy.cfg"
wait $client
like "is killed: who connects before the next is served" \
    "$(cat "$T/page")" hello
is "from the same queue" "$(inode)" "$before"

finish
