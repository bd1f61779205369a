#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

# The picture of NOTES, as a table: a module includes headers of lower layers
# only, or its own.  What is drawn sideways is listed as "module>header".
cat >"$T/layers" <<'EOF'
0 bsock_compat bsock_text bsock_kind bsock_addr bsock_addr_parse bsock_wire
0 bsock_sockopt_table bsock_reason
1 bsock_fdpass bsock_names bsock_log bsock_file bsock_sockopt bsock_priv bsock_trim
1 bsock_bound bsock_clock bsock_inuse bsock_sdnotify bsock_table bsock_logring
2 bsock_authz bsock_socket bsock_unixpath bsock_bindresvport bsock_resvaddr
2 bsock_sandbox bsock_state bsock_store bsock_guard bsock_mend bsock_keeper
2 bsock_hold bsock_claim bsock_inherit bsock_outcome
3 bsock_config bsock_config_line bsock_serve bsock_status
4 bsock_parking bsock_pool bsock_conn bsock_parker bsock_worker
EOF
cat >"$T/sideways" <<'EOF'
bsock_addr>bsock_compat
bsock_addr>bsock_text
bsock_addr>bsock_kind
bsock_addr_parse>bsock_addr
bsock_addr_parse>bsock_compat
bsock_addr_parse>bsock_kind
bsock_kind>bsock_compat
bsock_wire>bsock_compat
bsock_wire>bsock_addr
bsock_resvaddr>bsock_authz
bsock_resvaddr>bsock_keeper
bsock_resvaddr>bsock_unixpath
bsock_keeper>bsock_authz
bsock_mend>bsock_guard
bsock_hold>bsock_guard
bsock_hold>bsock_keeper
bsock_hold>bsock_mend
bsock_hold>bsock_resvaddr
bsock_hold>bsock_unixpath
bsock_resvaddr>bsock_hold
bsock_resvaddr>bsock_inherit
bsock_claim>bsock_guard
bsock_claim>bsock_hold
bsock_claim>bsock_mend
bsock_inherit>bsock_hold
bsock_inherit>bsock_resvaddr
bsock_inherit>bsock_store
bsock_config>bsock_config_line
bsock_config_line>bsock_config
bsock_resvaddr>bsock_store
bsock_store>bsock_hold
bsock_sdnotify>bsock_fdpass
bsock_log>bsock_fdpass
bsock_log>bsock_logring
bsock_store>bsock_resvaddr
bsock_state>bsock_resvaddr
bsock_status>bsock_serve
bsock_unixpath>bsock_socket
bsock_bindresvport>bsock_socket
bsock_worker>bsock_conn
bsock_worker>bsock_parker
bsock_worker>bsock_pool
bsock_pool>bsock_parking
bsock_pool>bsock_worker
bsock_conn>bsock_pool
bsock_conn>bsock_parking
bsock_parker>bsock_conn
bsock_parker>bsock_pool
EOF
# Not in the layers: programs, the client and what they are made of.
programs='^(bsock|bsock_advice|bsock_check|bsock_control|bsock_daemon|bsock_detach|bsock_loop|bsock_signals|bsock_snapshot|bsock_reload|bsock_upgrade|bsock_oneshot|bsock_preload.*|bsock_run.*|bsock_supervise|bsockctl.*|libbsock.*)$'

# The layer of module $1, or nothing.
layer() {
	sed -n "s/^\([0-9]\) \(.* \)*$1\( .*\)*$/\1/p" "$T/layers"
}

modules() {
	for file in "$TOP"/*.c "$TOP"/*.h; do
		file=${file##*/}
		echo "${file%.[ch]}"
	done | sort -u | grep -Ev "$programs"
}

# The modules that module $1 includes.
includes() {
	cat "$TOP/$1".[ch] | sed -n 's/^#include "\(.*\)\.h".*/\1/p' |
		grep -Ev '^(bsock_probes|bsock_paths)$' | grep -vx "$1" |
		sort -u
}

every_module_has_a_layer() {
	for module in $(modules); do
		[ -n "$(layer "$module")" ] || echo "no layer: $module"
	done >"$T/out"
	cat "$T/out"
	[ ! -s "$T/out" ]
}

every_file_is_in_NOTES() {
	for file in "$TOP"/*.c "$TOP"/*.h; do
		file=${file##*/}
		grep -qw "${file%.[ch]}" "$TOP/NOTES" || echo "missing: $file"
	done >"$T/out"
	cat "$T/out"
	[ ! -s "$T/out" ]
}

includes_go_down() {
	for module in $(modules); do
		for header in $(includes "$module"); do
			grep -qx "$module>$header" "$T/sideways" && continue
			[ "$(layer "$header")" -lt "$(layer "$module")" ] ||
				echo "$module includes $header"
		done
	done >"$T/out" 2>&1
	cat "$T/out"
	[ ! -s "$T/out" ]
}

# Pure: what layer 0 calls, besides itself.  The second line is what
# sanitizers and fortified builds turn the first into.
pure_calls='bcmp|memchr|memcmp|memcpy|memset|memmove|strcasecmp|strncasecmp|strchr|strcmp|strncmp|strlen|strnlen|snprintf|vsnprintf|inet_ntop|inet_pton|__errno_location
__(stack_chk_fail|.*_chk|asan_.*|ubsan_.*|tsan_.*)|_GLOBAL_OFFSET_TABLE_|_Unwind_Resume'
calls_of() {
	nm -u "$BUILD/$1.o" | sed 's/^ *[Uw] //; s/@.*//' |
		grep -Ev "^($(echo "$pure_calls" | paste -sd '|'))$" |
		grep -Ev '^bsock_(text|kind|addr|wire)_'
}

# Tables that only hold addresses are constant too.
has_no_data() {
	! nm -f sysv "$BUILD/$1.o" | grep 'OBJECT' |
		grep -Ev '\|\.(data\.rel\.ro|rodata)[^|]*$'
}

ok "every module has its place" every_module_has_a_layer
ok "every file is in the table of NOTES" every_file_is_in_NOTES
ok "no module includes a header from above or beside" includes_go_down
for module in bsock_text bsock_kind bsock_addr bsock_addr_parse bsock_wire \
    bsock_reason; do
	is "$module calls nothing but string functions" \
	    "$(calls_of $module)" ""
	nm "$BUILD/$module.o" | grep -q asan_ ||
		ok "$module has no variables" has_no_data $module
done

finish
