#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root

# Every directory above a path must be root's: /tmp is not.
dir=/run/bsock-test-$$
mkdir "$dir" || exit 1
trap 'rmdir "$dir"; tap_cleanup' EXIT
stream="AF_UNIX SOCK_STREAM 0 0 $dir/stream"
dgram="AF_UNIX SOCK_DGRAM 0 0 $dir/dgram"
abstract="AF_UNIX SOCK_STREAM 0 0 @bsock-test-$$"
rules "$SVC $stream" "$SVC $dgram" "$SVC $abstract"
daemon_start || exit 1

for line in "$stream" "$dgram"; do
	is "alone it may not: $line" "$(svc "$B/ask" -k "$line")" EACCES
	is "under the shim" "$(shim "$B/ask" -ka "$line")" "0 $line"
	is "the socket is the user's alone" \
	    "$(stat -c '%U %a' "${line##* }")" "$SVC 600"
	is "a leftover is replaced" "$(shim "$B/ask" -ka "$line")" "0 $line"
done
shim_start "$B/ask" -k -l 5 -w "$stream" >"$T/out"
ok "a server" eventually grep -q 0 "$T/out"
is "one in use is not" "$(shim "$B/ask" -k "$stream")" EADDRINUSE

# Nothing privileged about it: the kernel gives it by itself.
is "abstract" "$(BSOCK_PRELOAD_DEBUG=1 shim "$B/ask" -ka "$abstract" 2>&1)" \
    "0 $abstract"
is "where there is no rule" \
    "$(shim "$B/ask" -k "AF_UNIX SOCK_STREAM 0 0 $dir/other")" EACCES
rm -f "$dir/stream" "$dir/dgram"

finish
