#!/bin/sh
. "${0%/*}/lib/fresh.sh"
. "${0%/*}/lib/tap.sh"
tiers root
need curl python3
. "$TESTS/lib/systemd.sh"

system_make
rule="AF_INET SOCK_STREAM tcp 80 127.0.0.1"
# A name that nobody knows, which a directory may not tell at boot, is no
# reason not to start.
printf '%s\n' "www-data $rule" "nosuchuser $rule" >>"$root/etc/bsock"
echo "$rule" >>"$root/etc/bsock.resvaddr"
system_start

held() {
	there bsockctl status | grep -q '^tcp 80 127.0.0.1 .*listening'
}

ok "the service starts, and says when it is ready" eventually active bsock
ok "systemctl reload" there systemctl reload bsock
like "was taken" "$(there bsockctl status)" "generation 2"

gid=$(in_root getent group bsock | cut -d: -f3)
there setpriv --reuid=www-data --regid=www-data --groups="$gid" \
    --inh-caps=-all bsock-run python3 -m http.server --bind 127.0.0.1 80 \
    >"$T/web" 2>&1 &
started $!
ok "a server has its address" eventually held
page() {
	there curl -sS -o /dev/null --max-time 2 http://127.0.0.1/
}
ok "and serves" eventually page

before=$(main_pid bsock)
ok "systemctl restart" there systemctl restart bsock
ok "another process" [ "$(main_pid bsock)" != "$before" ]
ok "still has the server's socket" held
like "and knows whose it is" "$(there bsockctl status)" \
    '^tcp 80 127.0.0.1 .* www-data [0-9]+ python3'
before=$(main_pid bsock)
[ "$before" -le 1 ] || there kill -KILL "$before"
new_process() {
	active bsock && [ "$(main_pid bsock)" != "$before" ]
}
ok "one that was killed comes back" eventually new_process
ok "with the server's socket" eventually held
before=$(main_pid bsock)
[ "$before" -le 1 ] || there kill -USR2 "$before"
replaced() {
	there grep -q 'replacing this process' /tmp/log && held
}
ok "it replaces itself" eventually replaced
is "and is the same process" "$(main_pid bsock)" "$before"
ok "all the time the server serves" page

# The same as an ordinary user: what was stored by root comes back to it.
cat >"$etc/bsock.service.d/user.conf" <<END
[Service]
ExecStart=
ExecStart=/usr/sbin/bsock -d -F -u daemon
END
ok "with -u in a drop-in" there systemctl daemon-reload
ok "systemctl restart" there systemctl restart bsock
is "it is another user" \
    "$(there stat -c %U "/proc/$(main_pid bsock)")" daemon
ok "and has the server's socket" held
before=$(main_pid bsock)
[ "$before" -le 1 ] || there kill -KILL "$before"
ok "killed, it comes back" eventually new_process
ok "with the server's socket, too" eventually held
ok "which serves" page

ok "systemctl stop" there systemctl stop bsock
ok "the socket unit" there systemctl start bsock.socket
ok "starts it at the first question" there bsockctl status
ok "and it is active" active bsock

system_stop
finish
