#!/bin/sh
# May this user have this address now?  The text protocol from a shell: the
# socket that bsock makes is dropped at once.
#
#	may-i.sh SOCKET 'AF_INET SOCK_STREAM tcp 80 127.0.0.1'
#
# Exit status 0 for yes; else it prints the errno value that bsock answered.
# This file is in the public domain.
[ $# -eq 2 ] || {
	echo "usage: $0 SOCKET 'FAMILY SOCKTYPE PROTO PORT ADDR'" >&2
	exit 2
}
answer=$(printf '%s' "$2" | socat -t 5 - "UNIX-CONNECT:$1" |
	od -An -td4 -N4 | tr -d ' ')
[ "$answer" != 0 ] || exit 0
echo "no: errno ${answer:-none}"
exit 1
