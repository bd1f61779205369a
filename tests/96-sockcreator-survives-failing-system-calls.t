#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need strace
. "${0%/*}/lib/adapters.sh"
nm "$BUILD/bsock-sockcreator" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer's own system calls would be what fails"

# Each system call that bsock-sockcreator makes fails once, with each plausible
# errno.  Then it answers truly and goes on, with as many descriptors; or it
# ends with the exit status of its manual, and says why.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_DGRAM udp 80 ::1" \
    "$SVC AF_INET SOCK_STREAM tcp 90 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 90 127.0.0.1"
daemon_start || exit 1

checks <<'EOP'
from faults import *

PATIENCE = 8  # bsock's own limit is 5 s
# What ends it: the exit status, by the call.
ENDS = {"read": 1, "write": 2, "sendmsg": 4}
PASSES = ("EINTR", "EAGAIN", "ETOOMANYREFS", "ENOBUFS", "ENOMEM")


class Ended(Exception):
    pass


class Judge(Creator):
    """One run, and what is wrong with it."""

    def __init__(self, fault):
        self.fault, self.wrong = fault, []
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(60)
        self.run = Traced(fault, [BUILD + "/bsock-sockcreator"], stdin=theirs, stdout=theirs)
        self.process = self.run.process
        theirs.close()

    def says(self, what):
        self.wrong.append(what)

    def socket_of(self):
        data, fds = recv_fds(self.sock, 1)
        if not data:
            raise Ended
        if (data, len(fds)) != (b"\0", 1):
            self.says("S, then %r and %d descriptors" % (data, len(fds)))
        return socket.socket(fileno=fds[0])

    def request(self, letter, family, port, text, want=None, parts=1):
        """True: a socket.  want: the errno that is right."""
        name = "%s%d %s %d" % (letter, family, text, port)
        data = creator_request(letter, family, port, text)
        start = time.monotonic()
        try:
            for n in range(0, len(data), len(data) // parts):
                self.send(data[n : n + len(data) // parts])
        except (BrokenPipeError, ConnectionResetError):
            raise Ended
        reply = self.exactly(1)
        if reply == b"S":
            with self.socket_of() as s:
                bound = s.getsockname()[1]
                if want or not bound or port not in (0, bound):
                    self.says("%s: granted, bound to %d" % (name, bound))
        elif reply == b"E":
            rest = self.exactly(5)
            if rest[:1] not in (b"S", b"B") or rest[1:] == bytes(4):
                self.says("%s: E and %r" % (name, rest))
        elif reply:
            self.says("%s: %r" % (name, reply))
        else:
            raise Ended
        if time.monotonic() - start > PATIENCE:
            self.says(name + ": answered late")
        return reply == b"S"

    def requests(self):
        self.request("T", 4, 80, "127.0.0.1")
        self.request("T", 4, 0, "127.0.0.1")
        self.request("U", 6, 80, "::1")
        self.request("T", 4, 81, "127.0.0.1", errno.EACCES)
        self.request("T", 4, 90, "127.0.0.1")
        self.request("T", 4, 80, "127.0.0.1", parts=3)

    def service(self):
        if not any(self.request("T", 4, 80, "127.0.0.1") for n in range(3)):
            self.says("does not serve afterwards")
        if not eventually(lambda: open_fds(self.run.pid()) == 3):
            self.says("%d descriptors" % open_fds(self.run.pid()))

    def judge(self):
        ends = [0]
        if self.fault and self.fault.errno not in PASSES:
            ends.append(ENDS.get(self.fault.call, 0))
        try:
            self.requests()
            self.service()
            status = self.end(b"T")
        except (Ended, ConnectionResetError, FileNotFoundError):
            status = self.run.end(None)
            # 1: it did not even start.
            ends = [1, ends[-1] or 1]
            if self.fault.call in ENDS and self.fault.errno in PASSES:
                self.says("ended")
        self.sock.close()
        if status not in ends:
            self.says("ended with %r: %s" % (status, self.run.log()))
        if status != 0 and len(self.run.log()) < 20:
            self.says("ended without a word")


def judge(fault, slot):
    j = Judge(fault)
    j.judge()
    return j.wrong, j.run.injected()


j = Judge(None)
j.judge()
is_(j.wrong, [], "nothing is wrong without a failure")
survives("it says why it ends, or serves on", j.run.calls(), judge, dict(getsockopt=9, setsockopt=15))
EOP
daemon_stop
like "the daemon ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
