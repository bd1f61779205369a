#!/bin/sh
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need git cc python3 socat curl pkg-config nginx jq apt-get authbind adduser
nm -D "$BUILD/bsock" | grep -qE '__(asan|tsan)_init' &&
	skip_all "not in a sanitizer build"
fresh || skip_all "no overlay can be mounted here"

# The tree with what is built, and a sudo that asks for no password.
mkdir "$root/tmp/src"
(cd "$TOP" && git ls-files -co --exclude-standard | tar -cf - -T - |
	tar -xf - -C "$root/tmp/src")
cp -a "$BUILD" "$root/tmp/src/build"
cat >"$root/usr/local/bin/sudo" <<'END'
#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$2
shift 2
exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
    --inh-caps=-all "$@"
END
chmod 755 "$root/usr/local/bin/sudo"

# command FILE REGEX: the one line of a command in that file.
command_in() {
	sed 's/^\.Dl //; s/\\e$/\\/; s/\\&//g' "$TOP/$1" |
		sed -e :a -e '/\\$/N; s/\\\n *//; ta' \
		    -e '/|$/N; s/|\n */| /; ta' |
		sed 's/^[#$] //; s/^    //' |
		sed "s|@SYSCONFDIR@|/usr/local/etc|g; s|@GROUP@|daemon|g
		    s|@SOCKET@|/usr/local/var/run/bsock/socket|g
		    s|@LIBDIR@|/usr/local/lib|g" |
		grep -E -m 1 -e "$2" || echo "false # no line like $2"
}
run() {
	in_root sh -c "cd /tmp/src && $1"
}
# does FILE REGEX: a command that the file shows, carried out.
does() {
	line=$(command_in "$1" "$2")
	ok "$1: $line" run "$line"
}
# starts FILE REGEX: one that goes on; its pid is $SERVER.
starts() {
	line=$(command_in "$1" "$2")
	diag "$1: $line"
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    sh -c "cd /tmp/www && exec ${3:-} $line" >>"$T/web" 2>&1 &
	SERVER=$!
	started $SERVER
}
page() {
	curl -sS --max-time 1 "http://127.0.0.1:${1:-80}/" 2>&1 |
		grep -q "hello from README"
}
as_www="sudo -u www-data"
mkdir "$root/tmp/www"
echo "hello from README" >"$root/tmp/www/index.html"

# --- README.md: try it -------------------------------------------------------

# Without network: what is installed would not be missed, and a name that
# there is not would be.
simulated() {
	command_in README.md "$1" | sed 's/apt-get update/true/
	    s/apt-get install/apt-get install --simulate/
	    s/make check/make check UNIT_TESTS= TESTS=tests\/10-ten-*.t/'
}
for line in '^apt-get update .*make demo$' '^\{ .*make check$'; do
	ok "README.md: $(command_in README.md "$line")" \
	    run "$(simulated "$line")"
done

# --- README.md: the first rule in a minute -----------------------------------

does README.md '^make && sudo make install$'
grep '^    www-data AF_INET' "$TOP/README.md" >>"$root/usr/local/etc/bsock"
does README.md '^sudo usermod -a -G daemon www-data$'
does README.md '^sudo bsock -t && sudo bsock -d$'
DAEMON=$(in_root bsockctl status --json | sed -n 's/^"pid":\(.*\),/\1/p')
started "$DAEMON"
starts README.md '^sudo -u www-data bsock-run python3'
ok "README.md's server has port 80" eventually page
is "and is not root's" "$(ps -o user= -p $SERVER)" www-data
stop $SERVER
mkdir -p "$root/srv"
does README.md '^sudo install -d -o www-data /srv/web '
cp -R "$root/tmp/www" "$root/srv/web/html"
# It goes to the background, with the stderr that it was given.
line=$(command_in README.md '^sudo -u www-data bsock-run nginx ')
run "$line" >"$T/nginx" 2>&1
is "README.md: $line" $? 0
ok "README.md's nginx has it too" eventually page
SERVER=$(cat "$root/srv/web/nginx.pid")
started "$SERVER"
is "and is not root's either" "$(ps -o user= -p "$SERVER")" www-data
stop "$SERVER"
line=$(command_in README.md '^bsockctl explain www-data ')
like "README.md: $line" "$(run "$line")" '^differs in: port$'
does README.md '^sudo bsockctl status$'
grep -E '^    AF_INET SOCK_STREAM tcp 80' "$TOP/README.md" \
    >>"$root/usr/local/etc/bsock.resvaddr"
does README.md '^sudo bsockctl reload$'
like "the address is held" "$(in_root bsockctl status)" \
    '^tcp 80 0\.0\.0\.0 +guarded'

# --- the manuals ---------------------------------------------------------------

does man/bsock.8 '^echo .www-data AF_INET SOCK_STREAM tcp 80'
does man/bsock.8 '^usermod '
does man/bsock.8 '^bsock -t$'
line=$(command_in man/bsockctl.8 '^bsockctl explain ')
like "bsockctl(8): $line" "$(run "$line")" '^deny: nearest is '
does man/bsockctl.8 '^bsock -t && bsockctl reload$'
starts man/libbsock_preload.7 '^LD_PRELOAD=.*http.server' "$as_www env"
ok "libbsock_preload(7)'s server has port 80" eventually page
line=$(command_in man/bsockctl.8 '^bsockctl status --json')
like "bsockctl(8): $line" "$(run "$line" | tr -d ' \n')" \
    '\{"addr":"AF_INETSOCK_STREAMtcp800.0.0.0","queue":0\}'
stop $SERVER
starts man/libbsock_preload.7 '^BSOCK_PRELOAD_DEBUG=1 .*http.server' \
    "$as_www env"
ok "and says what it does" eventually grep -q 'bsock.*tcp 80' "$T/web"
stop $SERVER
mkdir -p "$root/etc/authbind/byaddr"
install -m 0500 -o www-data /dev/null "$root/etc/authbind/byaddr/127.0.0.1,88"
does man/bsockctl.8 '^bsockctl import authbind'
ok "what was imported is right" in_root bsock -t
like "authbind's port is a rule" \
    "$(in_root bsockctl explain www-data AF_INET SOCK_STREAM tcp 88 127.0.0.1)" \
    '^allow '

cp "$root/tmp/src/examples/server.c" "$root/tmp/src/server.c"
does man/libbsock.3 '^cc server.c \$\(pkg-config'

line=$(command_in man/bsock-protocol.7 '^printf .*socat')
is "bsock-protocol(7): $line" "$(run "sudo -u www-data sh -c '
    $(echo "$line" | sed "s/'/\"/g")'" | awk '{ print $1; exit }')" 0
sed -n '/^import os, socket/,/^s.listen/p' "$TOP/man/bsock-protocol.7" |
	sed "s|@SOCKET@|/usr/local/var/run/bsock/socket|" >"$root/tmp/p.py"
echo 'print(s.getsockname())' >>"$root/tmp/p.py"
is "bsock-protocol(7)'s Python" \
    "$(run "sudo -u www-data python3 /tmp/p.py")" "('0.0.0.0', 80)"

# --- completion -------------------------------------------------------------------

typed() {
	in_root bash -c '. /usr/local/share/bash-completion/completions/bsockctl
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_bsockctl bsockctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
echo "${COMPREPLY[@]}"' bash "$@"
}
is "bsockctl st<TAB>" "$(typed bsockctl st)" status
is "bsockctl explain root AF_INET6 SOCK_ST<TAB>" \
    "$(typed bsockctl explain root AF_INET6 SOCK_ST)" SOCK_STREAM

# An example of several lines: commands, and what "cat" reads.
example() {
	sed -n "/$2/,/^\.Ed/p" "$TOP/$1" | sed 's/\\e$/\\/; /^\.Ed/d
	    s|@SYSCONFDIR@|/usr/local/etc|g; s|@GROUP@|daemon|g' | awk '
	function done() { if (text) print "END"; text = 0 }
	/^# / || more { done(); sub(/^# /, ""); more = /\\$/
		if (/^cat /) { $0 = $0 " <<END"; text = 1 } }
	{ print } END { done() }'
}
example man/bsock-socket-binder.1 '^# adduser --system' >"$root/tmp/example"
cat >>"$root/tmp/example" <<'END'
ls -l /run/socket_binder/www
END
in_root sh -e /tmp/example >"$T/example" 2>&1
like "bsock-socket-binder(1)'s example" "$(cat "$T/example")" \
    '^srw-rw---- .* sockbind www-data '
binder=$(ss -Hxlp src /run/socket_binder/www |
    sed -n 's/.*pid=\([0-9]*\).*/\1/p')
[ -z "$binder" ] || started "$binder"
is "a member of www-data has its socket bound" \
    "$(cc -o "$root/tmp/sbc" "$TOP/examples/socket_binder_client.c" &&
	run "sudo -u www-data /tmp/sbc /run/socket_binder/www tcp 4 443 0.0.0.0")" \
    "0.0.0.0 443"
[ -z "$binder" ] || stop "$binder"

stop "$DAEMON"
starts man/bsock-run.1 '^bsock-run -u www-data -a '
ok "bsock-run(1)'s server has port 80 without a rule" eventually page
stop $SERVER

# --- the SysV script ----------------------------------------------------------

script() {
	in_root /etc/init.d/bsock "$1" >"$T/out" 2>&1
}
line=$(grep -o 'make install-openrc' "$TOP/README.md" | head -n 1)
ok "README.md: $line" run "$line"
line=$(grep -o 'make install-sysv' "$TOP/README.md" | head -n 1)
ok "README.md: $line" run "$line"
script status
is "SysV: not running" $? 3
ok "SysV: start" script start
ok "SysV: status" script status
like "which is bsockctl's" "$(cat "$T/out")" "^socket "
ok "SysV: start again is nothing" script start
ok "SysV: reload" script reload
ok "SysV: restart" script restart
ok "SysV: stop" script stop
script status
is "SysV: not running any more" $? 3

finish
