#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need shellcheck

# Scripts by name or by their first line, wherever they are.
scripts() {
	find "$TOP" \( -name 'build*' -o -name .git -o -name corpus \) -prune \
	    -o -type f -print | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*.[ch] | *.md | *.mk) ;;
		*) head -c 64 "$file" | head -n 1 | tr -d '\0' |
			grep -Eq '^#! ?/bin/(ba|da)?sh' && echo "$file" ;;
		esac
	done
}

# SC1090, SC1091: tap.sh is looked at on its own.  SC2154: what tap.sh sets.
check() {
	case $1 in
	*.sh) shellcheck -S warning -s sh -e SC2034 "$1" ;;
	*) shellcheck -S warning -e SC1090,SC1091,SC2154 "$1" ;;
	esac
}

scripts >"$T/scripts"
ok "there are scripts" [ "$(wc -l <"$T/scripts")" -gt 3 ]
while read -r script; do
	ok "${script#"$TOP"/}" check "$script"
done <"$T/scripts"

finish
