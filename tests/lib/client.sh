# client.sh - for tests that speak the protocol byte by byte.
#
#	. "${0%/*}/lib/client.sh"	(after `tiers`)
#	client CODE	python, with everything of client.py, as the service
#			user; what it prints is the answer

need python3

# One that the service user may run: some are in somebody's home.
PYTHON=
for python in /usr/bin/python3 /usr/local/bin/python3 python3; do
	[ -n "$PYTHON" ] || ! svc "$python" -c "" 2>/dev/null || PYTHON=$python
done
[ -n "$PYTHON" ] || skip_all "no python3 that $SVC may run"

client() {
	PYTHONPATH=$TESTS/lib PYTHONDONTWRITEBYTECODE=1 \
	    svc "$PYTHON" -c "from client import *
$1"
}

# The same in the background; it is ended with the test.
client_start() {
	export PYTHONPATH="$TESTS/lib" PYTHONDONTWRITEBYTECODE=1
	svc_start "$PYTHON" -c "from client import *
$1"
}
