#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)
need postgres initdb psql
. "$TESTS/lib/recipe.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 543 127.0.0.1"
daemon_start || exit 1

init() {
	cd "$T/svc" && svc initdb -D "$T/svc/db" -U admin -A trust --no-sync
}
query() {
	psql -h 127.0.0.1 -p 543 -U admin -d postgres -Atc 'select 6 * 7'
}

ok "a database" init
recipe postgres -D "$T/svc/db" -p 543 -h 127.0.0.1 -k "$T/svc" -F
serves "it serves port 543" query
is "a query" "$(query)" 42
is "no listener is root's" "$(root_listeners)" ""

finish
