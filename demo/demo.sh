# What `make demo` shows; run by demo/launch in a place of its own.
#	demo.sh BUILD

set -u
build=$1
port=$DEMO_PORT
other=$DEMO_OTHER_PORT
daemon=
server=

dir=$(mktemp -d "${TMPDIR:-/tmp}/bsock-demo.XXXXXX") || exit 1
chmod 755 "$dir"

end() {
	kill -TERM "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

cleanup() {
	[ -z "$server" ] || end "$server"
	[ -z "$daemon" ] || end "$daemon"
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail() {
	printf '\nThe demo failed: %s\n' "$*" >&2
	[ ! -s "$dir/log" ] || sed 's/^/bsock: /' "$dir/log" >&2
	exit 1
}

say() {
	printf '\n%s\n' "$*"
}

# Shows a command, then runs it.
show() {
	printf '  $ %s\n' "$1"
	shift
	"$@" 2>&1 | sed 's/^/  /'
}

# The service user may not be able to look into the build directory.
cp "$build/demo/web" "$build/libbsock_preload.so" "$dir/" || exit 1
web=$dir/web
service() {
	"$build/demo/launch" -s env "$@"
}

name() {
	id -un "$1" 2>/dev/null || echo "$1"
}

uid=$(id -u)
user=$(name "$uid")
[ "$uid" != 0 ] || user=$(name 1)

case $DEMO_WORLD in
root)
	say "You are root: this runs in a network namespace of its own, and the
web server in it as the user $user."
	;;
user)
	say "You are $user: this runs in a user and network namespace of its own, in
which the daemon has root's privileges over ports and the web server none."
	;;
here)
	say "Namespaces are forbidden here: this runs with the high port $port, which
bsock reserves for $user, instead of port 80."
	;;
esac

say "1. The configuration: who may have which address."
echo "$user AF_INET SOCK_STREAM tcp $port 127.0.0.1" >"$dir/bsock"
: >"$dir/bsock.resvaddr"
show "cat etc/bsock" cat "$dir/bsock"
if [ "$DEMO_WORLD" = here ]; then
	for p in $port $other; do
		echo "AF_INET SOCK_STREAM tcp $p 127.0.0.1"
	done >"$dir/bsock.resvaddr"
	show "cat etc/bsock.resvaddr" cat "$dir/bsock.resvaddr"
fi

say "2. The daemon."
BSOCK_SOCKET=$dir/socket
export BSOCK_SOCKET
echo "  \$ bsock -d"
: >"$dir/log"
"$build/bsock" -d -F -c "$dir/bsock" -r "$dir/bsock.resvaddr" \
    -s "$BSOCK_SOCKET" -g "$(id -g)" -m 0666 2>"$dir/log" &
daemon=$!
n=0
until grep -q serving "$dir/log"; do
	kill -0 $daemon 2>/dev/null || fail "the daemon ended"
	n=$((n + 1))
	[ $n -lt 100 ] || fail "the daemon does not serve"
	sleep 0.1
done
sed 's/^<[0-9]>/  /' "$dir/log"

say "3. A web server that knows nothing of bsock, as $user, alone:"
show "web 127.0.0.1 $port" service "$web" 127.0.0.1 "$port"

say "4. The same server, with the shim:"
echo "  \$ LD_PRELOAD=libbsock_preload.so web 127.0.0.1 $port"
# Not by service: $! would be the pid of a shell.
"$build/demo/launch" -s env LD_PRELOAD="$dir/libbsock_preload.so" \
    "$web" 127.0.0.1 "$port" 2>"$dir/err" &
server=$!
page=$("$build/demo/fetch" 127.0.0.1 "$port") ||
	fail "no page: $(cat "$dir/err")"
show "fetch http://127.0.0.1:$port/" echo "$page"

say "5. An address for which there is no line, and why it is refused:"
show "BSOCK_PRELOAD_DEBUG=1 LD_PRELOAD=libbsock_preload.so web 127.0.0.1 $other" \
    service LD_PRELOAD="$dir/libbsock_preload.so" BSOCK_PRELOAD_DEBUG=1 \
    "$web" 127.0.0.1 "$other"

end $daemon
daemon=
say "6. What the daemon wrote about it:"
grep -E 'grant|deny' "$dir/log" | sed 's/^<[0-9]>/  /'
grep -q grant "$dir/log" && grep -q deny "$dir/log" ||
	fail "grant and deny were not logged"

say "Everything is ended and removed.  What to do next:
  sudo make install                  bsock, the library, the shim, the manuals
  sudo vi /usr/local/etc/bsock       one line for each service and address
  sudo bsock -t && sudo bsock -d     check the configuration, start the daemon
  LD_PRELOAD=/usr/local/lib/libbsock_preload.so yourserver
README.md tells more, make check tests it all."
