#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root
. "${0%/*}/lib/suid.sh"

CLIENTS=$BUILD/suid/tests/prog
for port in 80 81 82 83; do
	echo "nobody AF_INET SOCK_STREAM tcp $port 127.0.0.1"
done >"$SUID_ROOT/etc/bsock"

# A shim's and a library's paths are built in: those of the installation.
call() {
	svc "$CLIENTS/caller" "$1" "${2:-80}"
}
unnoticed="signals=0 child=no fds=0 same=yes"

for how in plain ignore child closed storm threads big; do
	is "a caller: $how" "$(call $how)" "0 $unnoticed"
done
is "no rule" "$(call plain 90)" "EACCES $unnoticed"
is "no_new_privs: there is nobody to ask" "$(call nnp)" "ENOENT $unnoticed"
is "a socket that bsock makes" \
    "$(svc "$CLIENTS/ask" -sa "AF_INET SOCK_STREAM tcp 80 127.0.0.1")" \
    "0 AF_INET SOCK_STREAM tcp 80 127.0.0.1"
is "under the shim" "$(svc env \
    LD_PRELOAD="$SUID_ROOT/lib/libbsock_preload.so" "$CLIENTS/ask" -ka \
    "AF_INET SOCK_STREAM tcp 80 127.0.0.1")" \
    "0 AF_INET SOCK_STREAM tcp 80 127.0.0.1"
is "a daemon's socket where nobody listens" "$(BSOCK_SOCKET=$T/run/none
    export BSOCK_SOCKET; call plain)" "0 $unnoticed"

svc_start "$CLIENTS/ask" -w "AF_INET SOCK_STREAM tcp 80 127.0.0.1" >"$T/out"
ok "held" eventually grep -q 0 "$T/out"
is "EADDRINUSE stays EADDRINUSE" "$(call plain)" "EADDRINUSE $unnoticed"

chmod 0750 "$SUID"
is "not setuid" "$(call plain 81)" "ENOENT $unnoticed"
chown root:root "$SUID"
chmod 4750 "$SUID"
is "setuid, but not for this group" "$(call plain 81)" "EACCES $unnoticed"
echo '#!/nowhere/sh' >"$SUID"
chmod 4755 "$SUID"
is "one that cannot be executed" "$(call plain 81)" "ENOENT $unnoticed"
printf '#!/bin/sh\nkill -9 $$\n' >"$SUID"
is "one that dies" "$(call plain 81)" "ECONNRESET $unnoticed"
printf '#!/bin/sh\nexec sleep 60\n' >"$SUID"
is "one that says nothing" "$(call plain 81)" "ETIMEDOUT $unnoticed"

finish
