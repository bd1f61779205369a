#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1"
daemon_start || exit 1

checks <<'END'
from adapters import *
import resource
import signal

good = creator_request("T", 4, 80, "127.0.0.1")
v6 = creator_request("U", 6, 0, "::1")

# --- 0: asked to ------------------------------------------------------------
is_(Creator().end(b"T"), 0, "T: 0")
c = Creator()
c.send(good + b"T" + good + b"rubbish")
c.reply()[1].close()
is_(c.process.wait(60), 0, "T in the middle of more: 0")
is_(c.sock.recv(100), b"", "... and what came after is dropped")

# --- 1: no more requests ----------------------------------------------------
is_(Creator().end(), 1, "the parent goes away: 1")
is_(Creator().end(half_close=True), 1, "end of the stream: 1")
for request in (good, v6):
    for n in range(1, len(request)):
        c = Creator()
        c.send(request[:n])
        c.sock.shutdown(socket.SHUT_WR)
        rest, status = c.exactly(10), c.process.wait(60)
        if (rest, status) != (b"", 1):
            break
    is_((n, rest, status), (len(request) - 1, b"", 1), "a request of %d bytes cut anywhere: 1, and it is not executed" % len(request))
c = Creator()
c.send(good + good[:4])
c.sock.shutdown(socket.SHUT_WR)
c.reply()[1].close()
is_((c.exactly(10), c.process.wait(60)), (b"", 1), "one whole request and a cut one: one answer, then 1")
c = Creator()
c.send(b"SX")
c.sock.shutdown(socket.SHUT_WR)
is_((c.exactly(10), c.process.wait(60)), (b"", 1), "type and family are judged together: SX and the end is a cut request")

# --- 3: not understood ------------------------------------------------------
bad = [bytes([b]) for b in range(256) if bytes([b]) not in (b"S", b"T")]
wrong = 0
for data in bad[::16]:
    c = Creator()
    c.send(data)
    wrong += (c.exactly(10), c.process.wait(60)) != (b"FI", 3)
is_(wrong, 0, "any other command: FI, then 3")
for data in (b"SX4", b"ST5", b"St4", b"S46", b"ST\0", b"S\0" + b"4", b"SU7" + good[3:]):
    c = Creator()
    c.send(data)
    is_((c.exactly(10), c.process.wait(60)), (b"FI", 3), "%r: FI, then 3" % data)
c = Creator()
c.send(good + b"?")
c.reply()[1].close()
is_((c.exactly(10), c.process.wait(60)), (b"FI", 3), "after an answer: FI, then 3")

# --- 2 and 4: no way to answer ----------------------------------------------
c = Creator()
freeze(c.process.pid)
c.send(creator_request("T", 4, 81, "127.0.0.1"))
c.sock.close()
os.kill(c.process.pid, signal.SIGCONT)
is_(c.process.wait(60), 2, "the parent is gone when a failure is to be told: 2, not SIGPIPE")
c = Creator()
freeze(c.process.pid)
c.send(good)
c.sock.close()
os.kill(c.process.pid, signal.SIGCONT)
is_(c.process.wait(60), 2, "the parent is gone when a socket is to be told of: 2")
r, w = os.pipe()
c = Creator(stdout=w)
os.close(w), os.close(r)
c.send(creator_request("T", 4, 81, "127.0.0.1"))
is_(c.process.wait(60), 2, "standard output is a pipe that nobody reads: 2, not SIGPIPE")
r, w = os.pipe()
c = Creator(stdout=w)
os.close(w)
c.send(creator_request("T", 4, 81, "127.0.0.1") + good)
is_(c.process.wait(60), 4, "standard output is a pipe, which takes no descriptor: 4")
is_(os.read(r, 100), b"EB" + struct.pack("=i", 13) + b"S", "... after what it does take")
os.close(r)
r, w = os.pipe()
c = Creator(stdin=r)
os.write(w, good)
os.close(r)
kind, s = c.reply()
is_(s.getsockname(), ("127.0.0.1", 80), "requests may come by a pipe")
s.close(), os.close(w)
is_(c.process.wait(60), 1, "... whose end is 1")

# --- descriptors run out ----------------------------------------------------
def poor(limit):
    """A creator that may have no more descriptors; it needs some to start."""
    c = Creator()
    c.ask(creator_request("T", 4, 0, "127.0.0.1"))[1].close()
    limits(c, limit)
    return c


def limits(c, limit):
    hard = resource.prlimit(c.process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(c.process.pid, resource.RLIMIT_NOFILE, (limit, hard))


c = poor(3)
c.send(good)
is_(c.exactly(6), b"ES" + struct.pack("=i", errno.EMFILE), "no descriptor for the socket: E, S, 24")
limits(c, 64)  # a leak checker wants some at the end
is_(c.end(b"T"), 0, "... and it goes on")
c = poor(4)
c.send(good)
is_(c.exactly(6), b"EB" + struct.pack("=i", errno.EMFILE), "no descriptor to ask bsock with: E, B, 24")
c.ask(creator_request("T", 4, 0, "127.0.0.1"))[1].close()
limits(c, 64)
is_(c.end(b"T"), 0, "... port 0 needs none, and it goes on")

# --- a parent whose socket does not block -----------------------------------
mine, theirs = socket.socketpair()
os.set_blocking(theirs.fileno(), False)
c = Creator(stdin=theirs, stdout=theirs)
c.sock.close()
c.sock = mine
theirs.close()
time.sleep(0.1)
c.ask(good)[1].close()
is_(c.end(b"T"), 0, "descriptors that do not block are waited for")
END

is "-h: exit 0" "$(svc "$BUILD/bsock-sockcreator" -h >"$T/out"; echo $?)" 0
is "-h: 80 columns at most" "$(awk 'length > 80' "$T/out")" ""
is "other arguments are ignored" \
    "$(printf T | svc "$BUILD/bsock-sockcreator" -x --yes a b c; echo $?)" 0
is "no input at all: 1" \
    "$(svc "$BUILD/bsock-sockcreator" </dev/null 2>/dev/null; echo $?)" 1
is "no descriptors at all: 1" \
    "$(svc "$BUILD/bsock-sockcreator" <&- >&- 2>&-; echo $?)" 1

finish
