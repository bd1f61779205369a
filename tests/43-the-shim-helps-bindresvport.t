#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns

rules "$SVC AF_INET SOCK_STREAM tcp 0 0.0.0.0" \
    "$SVC AF_INET6 SOCK_STREAM tcp 0 ::"
daemon_start || exit 1

# The port that the function told is that of the socket, one of 600 to 1023.
is_reserved_port() {
	got=$(shim "$B/resvport" "$1")
	told=${got% *} has=${got#* }
	ok "$1: $got" [ "$told" = "${2:-$has}" -a "$has" -ge 600 \
	    -a "$has" -le 1023 ]
}

is "alone bindresvport may not" "$(svc "$B/resvport" bindresvport)" EACCES
is "alone rresvport may not" "$(svc "$B/resvport" rresvport)" EACCES
for function in bindresvport bindresvport6 bindresvport_sa rresvport \
    rresvport_af-4 rresvport_af-6; do
	is_reserved_port $function
done
is_reserved_port bindresvport-null -1
is_reserved_port bindresvport_sa-null -1
# The line comes after the answer.
granted() {
	[ "$(grep -c '^<6>grant' "$T/log")" = "$1" ]
}
ok "each was asked for once" eventually granted 8

rules
daemon_reload
for function in bindresvport bindresvport6 rresvport rresvport_af-6; do
	is "without a rule: $function" "$(shim "$B/resvport" $function)" EACCES
done

# Who may do it alone is not helped: no line says that bsock was asked.
[ "$TIER" != root ] || {
	root() {
		BSOCK_PRELOAD_DEBUG=1 shim_here "$B/resvport" "$1" 2>&1
	}
	like "root may" "$(root bindresvport)" '^([0-9]+) \1$'
	like "root may, without libc's help" "$(root bindresvport6)" \
	    '^([0-9]+) \1$'
	is "and that is all" "$(root rresvport | wc -l)" 1
}

finish
