#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain

# What is shipped, without comments and strings.
code() {
	for file in "$TOP"/*.[ch] "$TOP"/adapters/*.[ch]; do
		[ ! -e "$file" ] || awk -v name="${file#"$TOP"/}" '
		{
			line = $0
			gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
			while (1) {
				if (inside) {
					i = index(line, "*/")
					if (!i) { line = ""; break }
					line = substr(line, i + 2); inside = 0
				}
				i = index(line, "/*")
				if (!i) break
				rest = substr(line, i + 2)
				j = index(rest, "*/")
				if (j) line = substr(line, 1, i - 1) substr(rest, j + 2)
				else { line = substr(line, 1, i - 1); inside = 1; break }
			}
			print name ":" FNR ": " line
		}' "$file"
	done
}
code >"$T/code"

# never NAME REGEX: no line of the code matches.
never() {
	is "$1" "$(grep -E -e "$2" "$T/code")" ""
}

calls() {
	printf '(^|[^A-Za-z0-9_>.])(%s) *\\(' "$1"
}

like "there is code to look at" "$(cat "$T/code")" 'bsock_addr_parse'
never "no unbounded string function" \
    "$(calls 'sprintf|vsprintf|strcpy|strcat|strncpy|strncat|stpcpy|gets|scanf|sscanf|fscanf')"
never "no number without an error" "$(calls 'atoi|atol|atoll|atof')"
never "no hidden state" \
    "$(calls 'strtok|getpwnam|getpwuid|getgrnam|getgrgid|getprotobyname|getservbyname|gethostbyname|localtime|gmtime|ctime|asctime|rand|inet_ntoa')"
never "no unbounded stack" "$(calls 'alloca')"
never "no shell" "$(calls 'system|popen|wordexp|execlp|execvp|execvpe|posix_spawnp')"
never "no racy temporary file" "$(calls 'tmpnam|tempnam|mktemp')"
never "no exit from a thread by surprise" "$(calls 'pthread_cancel|longjmp|siglongjmp')"
never "no select: FD_SETSIZE" "$(calls 'select|pselect')"
never "no test build inside the code" '#[ \t]*if.*(TEST|DEBUG|FUZZ)'
never "no unfinished work" '(TODO|FIXME|XXX)'

finish
