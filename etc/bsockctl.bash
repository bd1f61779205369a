# bash completion for bsock(8), bsockctl(8) and bsock-run(1)

_bsock_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_bsock_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# The fields of an address, by how many there are before this one.
_bsock_address() {
	case $1 in
	0) _bsock_words 'AF_INET AF_INET6 AF_UNIX' "$2" ;;
	1) _bsock_words 'SOCK_STREAM SOCK_DGRAM SOCK_SEQPACKET' "$2" ;;
	2) _bsock_words 'tcp udp sctp dccp udplite 0' "$2" ;;
	4) _bsock_words '0.0.0.0 127.0.0.1 :: ::1' "$2" ;;
	esac
}

_bsock() {
	local cur=$2 prev=$3
	case $prev in
	-c | -r | -s) _bsock_files "$cur" ;;
	-g) mapfile -t COMPREPLY < <(compgen -g -- "$cur") ;;
	-u) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	*) _bsock_words '-d -F -t -c -r -s -g -m -j -u -h -V' "$cur" ;;
	esac
}

_bsockctl() {
	local cur=$2 prev=$3 i command='' before=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | -r | -s) ((i++)) ;;
		-*) ;;
		*) if [ -z "$command" ]; then command=${COMP_WORDS[i]}
		else ((before++)); fi ;;
		esac
	done
	case $prev in
	-c | -r | -s)
		_bsock_files "$cur"
		return
		;;
	esac
	case $command in
	'') _bsock_words \
	    'status explain reload rules import -c -r -s -h -V' "$cur" ;;
	status) _bsock_words '--json' "$cur" ;;
	import) if [ "$before" -eq 0 ]; then _bsock_words authbind "$cur"
	else _bsock_files "$cur"; fi ;;
	explain) if [ "$before" -eq 0 ]; then
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
	else
		_bsock_address $((before - 1)) "$cur"
	fi ;;
	esac
}

_bsock_run() {
	local cur=$2 prev=$3
	case $prev in
	-m) _bsock_words 'auto preload notify' "$cur" ;;
	-u) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	-l | -a | -n) ;;
	-*) _bsock_words '-m -u -l -a -n -v -h --' "$cur" ;;
	*) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	esac
}

complete -F _bsock bsock
complete -F _bsockctl bsockctl
complete -F _bsock_run bsock-run
