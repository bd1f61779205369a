#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

cat >"$T/bsock" <<'EOT'
# ten mistakes, and lines that are right between them
nobody AF_INET  SOCK_STREAM tcp 80 0.0.0.0
nobody AF_INET  SOCK_STREAM tcp 99999 0.0.0.0
nobody INET     SOCK_STREAM tcp 80 0.0.0.0
nobody AF_INET  SOCK_RAW    icmp 0 0.0.0.0

nobody AF_INET  SOCK_STREAM udp 80 0.0.0.0
nobody AF_INET  SOCK_STREAM tcp 80 localhost
nobody AF_INET  SOCK_STREAM tcp 80 10.0.0.0/8
nobody AF_INET  SOCK_STREAM tcp 80-90 0.0.0.0
nobody AF_INET  SOCK_STREAM tcp 80
   4294967295 AF_INET SOCK_STREAM tcp 80 0.0.0.0
nobody AF_INET6 SOCK_STREAM tcp 80 :: # a comment
EOT
: >"$T/bsock.resvaddr"
"$BUILD/bsock" -t -c "$T/bsock" -r "$T/bsock.resvaddr" >"$T/out" 2>"$T/err"
is "exit status" $? 1
is "nothing on standard output" "$(cat "$T/out")" ""
is "ten lines" "$(wc -l <"$T/err")" 10
is "each says where" \
    "$(sed "s|^$T/bsock:\([0-9]*:[0-9]*\): .*|\1|" "$T/err" | paste -sd ' ')" \
    "3:33 4:8 5:17 7:29 8:36 9:36 10:33 11:35 12:4 13:39"
finish
