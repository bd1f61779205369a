#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need strace
. "${0%/*}/lib/adapters.sh"
nm "$BUILD/bsock-socket-binder" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer's own system calls would be what fails"

# Each system call that bsock-socket-binder makes, from its start to its end,
# fails once in each of its threads, with each plausible errno.  Then it says
# why it does not start, or answers every client truly and in time, and serves
# on with as many descriptors and no thread that waits for what never comes.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_DGRAM udp 80 ::1" \
    "$SVC AF_INET SOCK_STREAM tcp 90 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp 90 127.0.0.1"
daemon_start || exit 1

checks <<'EOP'
from faults import *

BINDER = BUILD + "/bsock-socket-binder"
PATIENCE = 8  # bsock's own limit is 5 s
IDLE_CALLS = ("accept4", "poll", "recvmsg")
# A loop that goes on makes its calls again and again, and the threads are
# started one like the other.
LIMITS = dict(accept4=3, clone3=2, getsockopt=9, mmap=6, mprotect=3, poll=4,
              read=4, recvmsg=4, sendmsg=3, setsockopt=4, write=4)
# Without them it cannot look whether the socket is its own, or remove it.
REMOVING = ("lstat", "newfstatat", "unlink", "unlinkat")


class Judge:
    """One run, and what is wrong with it."""

    def __init__(self, fault, path, *options):
        self.fault, self.path, self.wrong = fault, path, []
        self.run = Traced(fault, [BINDER, *options, path], stdout=subprocess.PIPE)

    def says(self, what):
        self.wrong.append(what)

    def bind(self, sock, family, port, text, want=0):
        """The answer, which must be the truth."""
        name = "%s %d" % (text, port)
        start, got = time.monotonic(), None
        with contextlib.suppress(BrokenPipeError):
            got = binder_bind(self.path, sock, family, port, text)
        bound = sock.getsockname()[1]
        if time.monotonic() - start > PATIENCE:
            self.says(name + ": answered late")
        if got == 0 and (want or not bound or port not in (0, bound)):
            self.says("%s: success, bound to %d" % (name, bound))
        if got and bound:
            self.says("%s: refused with %d, bound to %d" % (name, got, bound))
        return got

    def honest(self):
        with tcp() as s:
            return self.bind(s, 4, 80, "127.0.0.1") == 0

    def idle(self):
        start = time.monotonic()
        with contextlib.closing(dial(self.path)) as c:
            if until_eof(c) not in (b"", b"<RESET>"):
                self.says("an answer for nothing")
        if time.monotonic() - start > PATIENCE:
            self.says("an idle client was not ended")

    def clients(self):
        """All kinds, one after the other."""
        for make, family, port, text, want in (
            (tcp, 4, 80, "127.0.0.1", 0),
            (udp, 6, 80, "::1", 0),
            (tcp, 4, 0, "127.0.0.1", 0),
            (tcp, 4, 81, "127.0.0.1", errno.EACCES),
            (tcp, 4, 90, "127.0.0.1", errno.EADDRINUSE),
            (tcp, 4, 80, "localhost", errno.EINVAL),
        ):
            with make(family) as s:
                self.bind(s, family, port, text, want)
        good = binder_request(4, 80, "127.0.0.1")
        with tcp() as s, udp() as t:
            binder_ask(self.path, b"\1\7")
            binder_ask(self.path, good)
            binder_ask(self.path, good, [1])
            binder_ask(self.path, [good[:4], good[4:]], [s.fileno(), t.fileno()])
            for request in (good, good[:7], b""):
                with contextlib.closing(dial(self.path)) as c:
                    with contextlib.suppress(BrokenPipeError):
                        send_fds(c, request, [t.fileno()])
        # It takes two seconds.
        if not self.fault or (self.fault.call in IDLE_CALLS and self.fault.n == 1):
            self.idle()

    def service(self, pid):
        """Every one of its threads may have its failure still before it."""
        start = time.monotonic()
        for n in range(40):
            if self.honest() and (n >= 17 or time.monotonic() - start > 4):
                break
        else:
            self.says("does not serve afterwards")
        # It can do without the descriptor of the directory.
        fewer = self.fault and self.fault.call in ("open", "openat")
        wanted = (NORMAL[0] - bool(fewer), NORMAL[1])
        if not eventually(lambda: state(pid) == wanted):
            self.says("descriptors, calls of threads: %r" % (state(pid),))

    def left(self):
        if os.path.exists(self.path) and self.fault.call not in REMOVING:
            self.says("its socket is left")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def reachable(self):
        with contextlib.suppress(OSError):
            dial(self.path).close()
            return True

    def told(self):
        return len(self.run.log()) > 20

    def in_foreground(self):
        eventually(lambda: self.reachable() or self.run.ended())
        served = not self.run.ended()
        try:
            if served:
                self.clients()
                self.service(self.run.pid())
        except (ConnectionRefusedError, ConnectionResetError, FileNotFoundError):
            # It could be reached, but its start was not over.
            served = not eventually(self.run.ended)
        status = self.run.end()
        if served and status != 0:
            self.says("served, and ended with %r: %s" % (status, self.run.log()))
        if not served and (status != 1 or not self.told()):
            self.says("did not serve: %r, %r" % (status, self.run.log()))

    def as_daemon(self):
        parent = self.run.pid()
        eventually(lambda: self.run.status_of(parent) is not None)
        status = self.run.status_of(parent)
        if status == 0:
            self.clients()
            os.kill(int(self.run.process.stdout.readline()), signal.SIGTERM)
        elif status != 1 or not self.told():
            self.says("did not start: %r, %r" % (status, self.run.log()))
        if not eventually(self.run.ended):
            self.says("it goes on after exit %r" % status)
            kill(self.run.process, self.run.trace)


def judged(how, *options):
    def judge(fault, slot):
        j = Judge(fault, "%s/svc/sb%d" % (T, slot), *options)
        how(j)
        j.left()
        j.run.process.stdout.close()
        return j.wrong, j.run.injected()

    return judge


j = Judge(None, T + "/svc/sb", "-f")
ok(eventually(j.reachable), "it starts")
NORMAL = at_rest(j.run.pid())
j.clients()
j.service(j.run.pid())
is_(j.wrong, [], "nothing is wrong without a failure")
is_(j.run.end(), 0, "... and it ends as asked")
survives("in the foreground", j.run.calls(), judged(Judge.in_foreground, "-f"), LIMITS)

# What is different as a daemon.
j = Judge(None, T + "/svc/sb", "-p")
j.as_daemon()
is_(j.wrong, [], "nothing is wrong with the daemon without a failure")
calls = {
    name: n
    for name, n in j.run.calls().items()
    if name in "chdir clone connect dup2 fcntl openat pipe pipe2 read setsid socket write".split()
}
survives("as a daemon", calls, judged(Judge.as_daemon, "-p"), dict.fromkeys(calls, 4))
EOP
daemon_stop
like "the daemon ends in order" "$(tail -n 1 "$T/log")" 'ended'

finish
