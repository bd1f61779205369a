# run.sh - for tests of bsock-run that begin with
#	. "${0%/*}/lib/tap.sh"
#	tiers root userns
#	. "${0%/*}/lib/run.sh"
#	$RUN		bsock-run
#	get [ADDRESS [PORT]]	what a web server there says
#	kinds_build	programs that the shim does not reach, in $KINDS:
#			static, i386, go, go-cgo

RUN=$BUILD/bsock-run
BSOCK_PRELOAD=$BUILD/libbsock_preload.so
# Where our own programs are instrumented, the shim is not.
ASAN_OPTIONS=$SHIM_ASAN
export BSOCK_PRELOAD ASAN_OPTIONS
KINDS=$BUILD/tests/kinds

get() {
	"$B/talk" "${1:-127.0.0.1}" "${2:-80}" 'GET / HTTP/1.0\r\n\r\n'
}

# The keeper is the parent of the command.
keeper_of() {
	ps -o ppid= -p "$1" | tr -d ' '
}

kind_build() {
	[ -n "$(find "$KINDS/$1" -newer "$TESTS/prog/$2" 2>/dev/null)" ] || (
		shift 2
		HOME=$KINDS GOCACHE=$KINDS/gocache GO111MODULE=off \
		    GOFLAGS='' GOTOOLCHAIN=local "$@"
	)
}

kinds_build() {
	need go gcc
	mkdir -p "$KINDS"
	exec 8>"$KINDS/lock"
	flock 8
	kind_build static server.c \
	    gcc -O2 -static -o "$KINDS/static" "$TESTS/prog/server.c" &&
		kind_build i386 server.c \
		    gcc -O2 -m32 -o "$KINDS/i386" "$TESTS/prog/server.c" &&
		kind_build go server.go env CGO_ENABLED=0 \
		    go build -o "$KINDS/go" "$TESTS/prog/server.go" &&
		kind_build go-cgo server.go env CGO_ENABLED=1 \
		    go build -ldflags=-s -o "$KINDS/go-cgo" \
		    "$TESTS/prog/server.go"
	kb_status=$?
	exec 8>&-
	return $kb_status
}
