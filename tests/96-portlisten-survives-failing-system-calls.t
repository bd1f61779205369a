#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need strace
. "${0%/*}/lib/adapters.sh"
nm "$BUILD/bsock-portlisten" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer's own system calls would be what fails"

# Each system call that bsock-portlisten makes fails once, with each plausible
# errno.  Then it says why it does not start, or loses no connection.
rm -f "$T/bsock"
for port in 100 101 102 103 104 105 106 107; do
	echo "$SVC AF_INET SOCK_STREAM tcp $port 127.0.0.1"
	echo "$SVC AF_INET6 SOCK_STREAM tcp $port ::1"
done >"$T/bsock"
daemon_start || exit 1

checks <<'EOP'
from faults import *

# It polls and pauses again and again.
LIMITS = dict(accept4=6, getsockopt=9, poll=6, sendmsg=6)
PATIENCE = 5


class Judge:
    """One run, and what is wrong with it."""

    def __init__(self, fault, slot, seconds):
        self.fault, self.port, self.wrong = fault, 100 + slot, []
        self.path, self.seconds = "%s/svc/r%d" % (T, slot), seconds
        self.receiver = receiver(self.path)
        self.run = Traced(
            fault,
            [BUILD + "/bsock-portlisten", "-b", "127.0.0.1", "-b", "::1"]
            + ["-t", str(seconds), str(self.port), self.path],
        )

    def says(self, what):
        self.wrong.append(what)

    def connect(self, address="127.0.0.1"):
        return socket.create_connection((address, self.port), timeout=60)

    def reachable(self):
        """At both addresses."""
        with contextlib.suppress(OSError):
            for address in ("127.0.0.1", "::1"):
                self.connect(address).close()
            return True

    def is_closed(self, client):
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            return client.recv(1) == b""

    def passed(self, what, clients):
        """Each is passed on.  The connections are kept until then: who is
        closed was not."""
        start, taken, missed = time.monotonic(), [], 0
        waiting = {c.getsockname()[:2]: c for c in clients}
        self.receiver.settimeout(0.1)
        while waiting and time.monotonic() < start + 60:
            with contextlib.suppress(socket.timeout, OSError):
                taken.append(take_connection(self.receiver))
                waiting.pop(taken[-1].getpeername()[:2], None)
                continue
            for name in [name for name, c in waiting.items() if self.is_closed(c)]:
                del waiting[name]
                missed += 1
        # With -t 0 there is one try: one failure, one connection.
        if missed + len(waiting) > (self.seconds == 0 and self.fault is not None and self.fault.call == "sendmsg"):
            self.says("%s: %d closed, %d waiting" % (what, missed, len(waiting)))
        if time.monotonic() - start > PATIENCE:
            self.says(what + ": passed on late")
        for c in clients + taken:
            c.close()

    def clients(self):
        self.passed("at each address", [self.connect(a) for a in ("127.0.0.1", "::1")])
        for n in range(2):
            with self.connect() as c:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.receiver.close()
        os.unlink(self.path)
        if self.seconds == 0:
            with self.connect() as c:
                if c.recv(1) != b"":
                    self.says("not closed without a receiver")
            self.receiver = receiver(self.path)
        else:
            c = self.connect("::1")
            time.sleep(0.15)
            self.receiver = receiver(self.path)
            self.passed("the receiver was away", [c])
        self.passed("afterwards", [self.connect() for n in range(3)])

    def judge(self):
        eventually(lambda: self.reachable() or self.run.ended())
        served = not self.run.ended()
        if served:
            self.clients()
            pid = self.run.pid()
            if NORMAL and not eventually(lambda: state(pid) == NORMAL):
                self.says("descriptors, calls: %r" % (state(pid),))
        status = self.run.end()
        if status != (-signal.SIGTERM if served else 1):
            self.says("ended with %r: %s" % (status, self.run.log()))
        if not served and len(self.run.log()) < 20:
            self.says("did not start, without a word")
        self.receiver.close()


def judged(seconds):
    def judge(fault, slot):
        j = Judge(fault, slot, seconds)
        j.judge()
        return j.wrong, j.run.injected()

    return judge


NORMAL = None
j = Judge(None, 7, 60)
eventually(j.reachable)
NORMAL = at_rest(j.run.pid())
j.judge()
is_(j.wrong, [], "nothing is wrong without a failure")
survives("it says why it does not start, or loses no connection", j.run.calls(), judged(60), LIMITS)

# A connection that is given up.
j = Judge(None, 7, 0)
j.judge()
is_(j.wrong, [], "-t 0: nothing is wrong without a failure")
calls = {name: n for name, n in j.run.calls().items() if name in ("getpeername", "sendmsg", "write", "poll")}
survives("-t 0: it closes what it cannot pass on, and goes on", calls, judged(0), LIMITS)
EOP
daemon_stop
like "the daemon ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
