# adapters.sh - for tests whose peers are written in Python.  After tap.sh.
#
#	checks [NAME=VALUE]... <<'END'	runs the program as the service user,
#	from adapters import *	with those variables in its environment; each
#	...			ok() and is_() of it becomes one of ours
#	END

need python3

checks() {
	cat >"$T/checks.py"
	svc env PYTHONPATH="$TESTS/lib" PYTHONDONTWRITEBYTECODE=1 \
	    BUILD="$BUILD" T="$T" "$@" timeout 300 python3 "$T/checks.py" \
	    >"$T/checks.out" 2>"$T/checks.err"
	checks_status=$?
	awk -v n="$TAP_COUNT" '
	/^ok/ { $1 = "ok " ++n }
	/^not ok/ { $1 = "not ok " ++n; $2 = "" }
	{ print }' "$T/checks.out"
	TAP_COUNT=$((TAP_COUNT + $(grep -Ec '^(not )?ok' "$T/checks.out")))
	TAP_FAILED=$((TAP_FAILED + $(grep -c '^not ok' "$T/checks.out")))
	[ $checks_status -eq 0 ] || diag "$(cat "$T/checks.err")"
	is "the checks ran to their end" "$checks_status" 0
}
