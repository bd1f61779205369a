#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need busybox node nginx
. "${0%/*}/lib/run.sh"
. "${0%/*}/lib/client.sh"
. "${0%/*}/lib/programs.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1
ok "the programs are built" kinds_build
cell=

# Number, close-on-exec and inode of the listening socket of a process.
socket_of() {
	for so_fd in "/proc/$1/fd"/*; do
		so_n=${so_fd##*/}
		so_inode=$(readlink "$so_fd" | sed -n 's/socket:\[\(.*\)\]/\1/p')
		ss -Htlne | grep -q "ino:${so_inode:-none} " || continue
		so_flags=$(sed -n 's/flags:.*0\([0-7]*\)$/\1/p' \
		    "/proc/$1/fdinfo/$so_n")
		echo "$so_n $((0$so_flags & 02000000)) $so_inode"
	done
}

start() {
	svc_start "$RUN" -m notify "$KINDS/static" -n 57 -i "$T/svc/pid" \
	    127.0.0.1 80 hello 2>"$T/out"
	pid=$!
	eventually [ -s "$T/svc/pid" ]
	command=$(cat "$T/svc/pid")
}

start
like "a static program serves" "$(get)" hello
ok "what it got is kept" logged 'grant .* kept=1'
first=$(socket_of "$command")
like "the kept socket has the number of the program's own" "$first" "^57 0 "
kill -9 "$command"
wait "$pid"
is "its death by SIGKILL is bsock-run's" $? 137
rm "$T/svc/pid"
"$B/talk" 127.0.0.1 80 'GET / HTTP/1.0\r\n\r\n' >"$T/waiting" &
waiting=$!
pending() {
	[ "$(ss -Htln | awk '{ print $2 }')" = 1 ]
}
eventually pending
start
wait $waiting
like "who connected meanwhile is served by the next one" \
    "$(cat "$T/waiting")" hello
is "by the same socket" "$(socket_of "$command")" "$first"
stop "$pid"
rm "$T/svc/pid"

for program in go go-cgo busybox-httpd busybox-daemon static-daemon i386 \
    dynamic closes-all python node nginx-daemon script-of-static; do
	cell $program notify
	is "$program: notify" "$cell" serves
done
for program in dynamic closes-all python node nginx-daemon script; do
	cell $program preload
	is "$program: preload" "$cell" serves
done
ok "every claim was granted" \
    [ "$(grep -c '^<6>grant .* kept=1' "$T/log")" -ge 20 ]
not_ok "and none refused" grep -q '^<5>deny' "$T/log"

finish
