# shellcheck shell=sh
# lib.sh - daemons, cells and tables, for bench.sh (after tests/lib/tap.sh)

say() {
	printf '%s\n' "$*"
}

# The same after an empty line.
title() {
	printf '\n%s\n' "$*"
}

# --- daemons, each in a directory of its own ------------------------------

# real_rules N PORT: what N clients of this bench ask for, from PORT upwards.
real_rules() {
	awk -v n="$1" -v port="$2" -v user="$SVC" 'BEGIN {
		for (i = 0; i < n; i++)
			print user, "AF_INET SOCK_STREAM tcp", port + i,
			    "127.0.0.1"
	}'
}

# many_rules N: N rules, the last is the first client's.
many_rules() {
	awk -v n=$(($1 - 1)) -v user="$SVC" 'BEGIN {
		for (i = 0; i < n; i++) {
			u = i % 2 ? user : 100000 + i % 1000
			a = int(i / 65536) "." int(i / 256) % 256 "." i % 256
			if (i % 4 == 3) {
				a = sprintf("fd00::%x:%x", i / 65536, i % 65536)
				print u, "AF_INET6 SOCK_STREAM tcp 443", a
			} else
				print u, "AF_INET SOCK_STREAM tcp 80 10." a
		}
	}'
	real_rules 1 "$BASE"
}

# serve DIR: starts it, waits until it serves, sets PID.
serve() {
	[ -e "$1/bsock.resvaddr" ] || : >"$1/bsock.resvaddr"
	: >"$1/log"
	"$BUILD/bsock" -d -F -c "$1/bsock" -r "$1/bsock.resvaddr" \
	    -s "$1/socket" -g "$(id -g)" -m 0666 2>>"$1/log" &
	PID=$!
	started $PID
	eventually grep -q ' *serving ' "$1/log" || {
		say "the daemon does not serve:" && cat "$1/log"
		exit 1
	}
}

# answer DIR: starts a daemon until it has answered once; prints us and KiB.
answer() {
	"$ONCE" answer "$1/socket" "$BASE" -- "$BUILD/bsock" -d -F \
	    -c "$1/bsock" -r "$1/bsock.resvaddr" -s "$1/socket" \
	    -g "$(id -g)" -m 0666 2>>"$T/errors.daemon"
}

# rss PID...: their VmRSS in KiB, added up.
rss() {
	for rss_pid; do
		cat "/proc/$rss_pid/status" 2>/dev/null
	done | awk '/^VmRSS:/ { kib += $2 } END { print kib + 0 }'
}

# --- cells and tables -----------------------------------------------------

# cell NAME CLIENTS COMMAND...: runs a load, and notes its line.  The pause:
# for some 100 ms the scheduler decides by how busy the processors were (where
# it wakes a thread), and no row shall have what the row before it did.
cell() {
	sleep 0.2
	cell_name=$1 cell_clients=$2
	shift 2
	cell_line=$("$@" 2>>"$T/errors") || {
		say "# $cell_name, $cell_clients clients: failed" >>"$T/errors"
		return 0
	}
	say "$cell_name|$cell_clients|$ROUND|$(say "$cell_line" | tr ' ' '|')" \
	    >>"$T/cells"
}

# table REFERENCE: medians over the rounds of $T/cells, one row for each name
# and number of clients in order of appearance, with the ratios to the row
# of that name, round by round.
table() {
	printf '%-24s %3s %7s %7s %8s %8s %7s %7s\n' \
	    "" n req/s p50 p99 p99.9 p50/ref req/ref
	awk -F'|' -v ref="$1" '
	function median(list, n, v, i, j, t) {
		n = split(list, v, " ")
		for (i = 2; i <= n; i++) {
			t = v[i] + 0
			for (j = i - 1; j > 0 && v[j] + 0 > t; j--)
				v[j + 1] = v[j]
			v[j + 1] = t
		}
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	{
		key = $1 "|" $2
		if (!(key in rate))
			order[++rows] = key
		rate[key] = rate[key] " " $8
		p50[key] = p50[key] " " $9
		p99[key] = p99[key] " " $10
		p999[key] = p999[key] " " $11
		failed[key] += $7
		at_rate[key, $3] = $8
		at_p50[key, $3] = $9
		rounds[$3] = 1
	}
	END {
		for (r = 1; r <= rows; r++) {
			key = order[r]
			split(key, k, "|")
			base = ref "|" k[2]
			a = b = ""
			for (i in rounds)
				if ((key, i) in at_p50 && (base, i) in at_p50) {
					a = a " " at_p50[key, i] / at_p50[base, i]
					b = b " " at_rate[key, i] / at_rate[base, i]
				}
			printf "%-24s %3d %7d %7.1f %8.1f %8.1f", k[1], k[2],
			    median(rate[key]), median(p50[key]),
			    median(p99[key]), median(p999[key])
			if (a != "")
				printf " %7.2f %7.2f", median(a), median(b)
			printf "%s\n", failed[key] ? "  " failed[key] " failed" : ""
		}
	}' "$T/cells"
	: >"$T/cells"
}

medians() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

rounds() {
	ROUND=1
	while [ "$ROUND" -le "$BENCH_ROUNDS" ]; do
		"$@"
		ROUND=$((ROUND + 1))
	done
}
