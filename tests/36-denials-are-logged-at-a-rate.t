#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns plain
. "${0%/*}/lib/client.sh"

# A name with quotes and a backslash.
cat >"$T/bsock" <<EOT
$SVC_UID AF_INET SOCK_STREAM tcp $PORT 127.0.0.1
EOT
cat >>"$T/bsock" <<'EOT'
@0 AF_UNIX SOCK_STREAM 0 0 @it's"a\n"me
EOT
sed -i "s/^@0/$SVC_UID/" "$T/bsock"
daemon_start || exit 1
client "
for i in range(500):
    ask('AF_INET SOCK_STREAM tcp $((PORT + 1)) 127.0.0.1')
    ask('nonsense')
print(ask(open('$T/bsock').read().splitlines()[1].split(' ', 1)[1]))
ask('AF_UNIX SOCK_STREAM 0 0 @\x1b[31m\xff')
" >"$T/out" 2>&1
logged 'suppressed uid'
counted() {
	lines=$(grep -c '^<5>deny' "$T/log")
	suppressed=$(sed -n 's/^<5>suppressed uid=.* count=\([0-9]*\)$/\1/p' \
	    "$T/log" | paste -sd +)
	[ $((lines + suppressed)) = "$1" ]
}
ok "each is logged or counted" eventually counted 1001
ok "few are logged" [ "$(grep -c '^<5>deny' "$T/log")" -lt 300 ]
K="uid=$SVC_UID pid=[0-9]+ addr="
A='"AF_INET SOCK_STREAM tcp 8[0-9]* 127\.0\.0\.1"'
like "a denial" "$(grep no-rule "$T/log")" \
    "^<5>deny $K$A reason=no-rule errno=13 via=text us=[0-9]+$"
like "a malformed one" "$(grep malformed "$T/log")" \
    "^<5>deny $K\"\" reason=malformed errno=22 via=text us=[0-9]+$"
is "a name with quotes" "$(sed -n 1p "$T/out")" "0 +fd"
logged '^<6>grant'
like "is escaped" "$(grep '^<6>grant' "$T/log")" \
    "^<6>grant $K\"AF_UNIX SOCK_STREAM 0 0 @it's.x22a.x5cn.x22me\" rule=2 via=text us=[0-9]+$"
is "no line holds what a terminal would obey" \
    "$(LC_ALL=C grep -c '[^ -~]' "$T/log")" 0
finish
