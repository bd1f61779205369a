# A program whose system calls fail: strace starts it, and lets one call of
# each of its threads fail.  After adapters.py.
#
#	run = Traced(None, argv)	a run without failures
#	calls = run.calls()		what it did
#	survives(name, calls, judge, limits)	judge() of each call, at each
#					time, with each errno
#	Traced(fault, argv)		a run in which that fails
import collections
import re
import tempfile
import weakref
import concurrent.futures

from adapters import *

# What a call may fail with.  Not close, munmap and FUTEX_WAKE, which have done
# their work even when they fail, while strace would have them not happen; not
# brk, whose errors are not strace's to tell.
ERRNOS = {
    "accept4": "EMFILE ENFILE ECONNABORTED EINTR ENOMEM ENOBUFS",
    "access": "EACCES",
    "bind": "EADDRINUSE EACCES ENOMEM",
    "capget": "EPERM",
    "capset": "EPERM",
    "chdir": "EACCES",
    "chmod": "EPERM EIO",
    "clone": "EAGAIN ENOMEM",
    "clone3": "EAGAIN ENOMEM",
    "close_range": "ENOSYS",
    "connect": "EINTR EAGAIN ECONNREFUSED EACCES ENOENT",
    "dup2": "EBUSY EINTR",
    "dup3": "EBUSY EINTR",
    "fchmodat": "EPERM EIO",
    "fchownat": "EPERM EIO",
    "fcntl": "EACCES EMFILE",
    "flock": "EINTR ENOLCK",
    "fstat": "EIO ENOMEM",
    "getpeername": "ENOBUFS ENOTCONN",
    "getrandom": "EINTR",
    "getsockname": "ENOBUFS",
    "getsockopt": "ENOBUFS ENOPROTOOPT",
    "lchown": "EPERM EIO",
    "listen": "EADDRINUSE",
    "lseek": "EIO",
    "lstat": "EIO EACCES ENOMEM",
    "madvise": "ENOMEM",
    "mmap": "ENOMEM",
    "mprotect": "ENOMEM",
    "newfstatat": "EIO EACCES ENOMEM",
    "open": "EMFILE ENFILE ENOENT EACCES",
    "openat": "EMFILE ENFILE ENOENT EACCES",
    "pipe": "EMFILE ENFILE",
    "pipe2": "EMFILE ENFILE",
    "poll": "EINTR ENOMEM",
    "ppoll": "EINTR ENOMEM",
    "prctl": "EPERM",
    "pread64": "EIO EINTR",
    "prlimit64": "EPERM",
    "read": "EIO EINTR EAGAIN",
    "recvfrom": "EINTR ECONNRESET ENOMEM",
    "recvmsg": "EINTR EAGAIN ECONNRESET ENOMEM",
    "sendmsg": "EINTR EAGAIN EPIPE ETOOMANYREFS ENOBUFS",
    "sendto": "EINTR EAGAIN EPIPE ECONNRESET ENOBUFS",
    "setsid": "EPERM",
    "setsockopt": "ENOMEM ENOPROTOOPT",
    "shutdown": "ENOTCONN",
    "socket": "EMFILE ENFILE ENOBUFS EAFNOSUPPORT",
    "socketpair": "EMFILE ENFILE",
    "stat": "EIO EACCES ENOMEM",
    "unlink": "EACCES",
    "unlinkat": "EACCES",
    "write": "EINTR EAGAIN EPIPE ENOSPC",
}

Fault = collections.namedtuple("Fault", "call errno n")
CALL = re.compile(r"(\d+) +([a-z0-9_]+)\(")
# The first call of adapter_start(): what libc did before is not ours.
FIRST = "rt_sigaction(SIGPIPE, {sa_handler=SIG_IGN"


def faults(calls, limits):
    """limits: of a call that is made again and again."""
    for name, (skip, n) in sorted(calls.items()):
        for at in range(skip, min(n, skip + limits.get(name, n))):
            for error in ERRNOS.get(name, "").split():
                yield Fault(name, error, at + 1)


def kill(process, trace):
    """All of it that is still there."""
    if process.poll() is not None:
        return
    with open(trace, errors="replace") as f:
        lines = f.read().splitlines()
    there = {line.split()[0] for line in lines}
    there -= {line.split()[0] for line in lines if " +++ " in line}
    for pid in there:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    process.wait()


def remove(process, trace):
    kill(process, trace)
    os.unlink(trace)


class Traced:
    """The program under strace; its standard error is read with log()."""

    def __init__(self, fault, argv, **kw):
        self.fault = fault
        self.err = tempfile.TemporaryFile()
        handle, self.trace = tempfile.mkstemp(dir=T + "/svc")
        os.close(handle)
        self.argv = ["strace", "-f", "-o", self.trace]
        if fault:
            self.argv += ["-e", "inject=%s:error=%s:when=%d" % fault]
        self.process = subprocess.Popen(
            self.argv + argv, stderr=self.err, **kw
        )
        weakref.finalize(self, remove, self.process, self.trace)

    def lines(self):
        with open(self.trace, errors="replace") as f:
            return f.read().splitlines()

    def pid(self):
        """Of its first process."""
        eventually(lambda: os.path.getsize(self.trace))
        with open(self.trace) as f:
            return int(f.readline().split()[0])

    def calls(self):
        """Of each call: how often before main(), and in the thread that makes
        it most often."""
        count, skip = collections.Counter(), {}
        for line in self.lines():
            match = CALL.match(line)
            if FIRST in line:
                skip = {name: n for (pid, name), n in count.items()}
            if match:
                count[match.groups()] += 1
        most = collections.Counter()
        for (pid, name), n in count.items():
            most[name] = max(most[name], n)
        return {name: (skip.get(name, 0), n) for name, n in most.items()}

    def status_of(self, pid):
        """The exit status of one process, None while it is there."""
        for line in self.lines():
            match = re.match(r"%d +\+\+\+ exited with (\d+)" % pid, line)
            if match:
                return int(match.group(1))

    def injected(self):
        return sum("(INJECTED)" in line for line in self.lines())

    def log(self):
        self.err.seek(0)
        return self.err.read().decode(errors="replace")

    def ended(self):
        return self.process.poll() is not None

    def end(self, signum=signal.SIGTERM):
        """The exit status of the program, which strace hands on; 'stuck' when
        it does not end."""
        if signum and not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid(), signum)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            kill(self.process, self.trace)
            return "stuck"

def state(pid):
    """How many descriptors it has, and in which system calls its threads
    are: the same whenever it has nothing to do."""
    calls = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/syscall" % (pid, task)) as f:
            calls.append(f.read().split()[0])
    return open_fds(pid), sorted(calls)


def at_rest(pid):
    """state(), when it has been the same for a while."""
    last, since = None, time.monotonic()
    while time.monotonic() < since + 0.5:
        now = state(pid)
        if now != last or "running" in now[1]:
            last, since = now, time.monotonic()
        time.sleep(0.05)
    return last


def survives(name, calls, judge, limits, slots=6):
    """judge(fault, slot) returns what is wrong, and how many calls failed;
    several at a time, each with a slot of its own.  Five are enough to see
    that something is wrong."""
    free, wrong = list(range(slots)), []

    def one(fault):
        if len(wrong) >= 5:
            return 0
        slot = free.pop()
        try:
            what, n = judge(fault, slot)
        except Exception as e:
            what, n = ["%s: %r" % (type(e).__name__, e)], 0
        free.append(slot)
        wrong.extend("%s %s at call %d: %s" % (*fault, w) for w in what)
        return n

    wanted = list(faults(calls, limits))
    with concurrent.futures.ThreadPoolExecutor(slots) as pool:
        failed = sum(pool.map(one, wanted))
    is_("\n# ".join(wrong), "", name)
    names = " ".join(sorted({f.call for f in wanted}))
    print("# %d runs, %d calls failed: %s" % (len(wanted), failed, names))
