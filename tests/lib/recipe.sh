# recipe.sh - what the tests of README.md's recipes begin with: a real server,
# unmodified, as the service user without rights, under bsock-run.

export BSOCK_PRELOAD="$BUILD/libbsock_preload.so"

# recipe CMD...: starts it in a directory of its own; $SERVER is its pid, what
# it says is in $T/out.
recipe() {
	cd "$T/svc" || exit 1
	svc_start "$BUILD/bsock-run" "$@" >"$T/out" 2>&1 </dev/null
	SERVER=$!
}

# get [ADDRESS]: a page from port 80.
get() {
	"$B/talk" "${1:-127.0.0.1}" 80 'GET / HTTP/1.0\r\n\r\n'
}

# granted N: waits until the daemon has granted that often.
granted() {
	eventually granted_now "$1"
}

granted_now() {
	[ "$(grep -c '^<6>grant' "$T/log")" -ge "$1" ]
}

# serves NAME CMD...: the command succeeds soon, or the server says why not.
serves() {
	serves_name=$1
	shift
	ok "$serves_name" eventually "$@"
	[ "$TAP_FAILED" = 0 ] || diag "$(tail -n 20 "$T/out" "$T/log")"
}
