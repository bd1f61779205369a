#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"
nm "$BUILD/bsock-socket-binder" | grep -Eq '__(asan|tsan)_init' &&
	skip_all "a sanitizer needs more address space than there is"

# With less and less address space each of them says why it does not start, or
# serves; with no more than there is, and with no descriptor, it serves who
# can be served, and everybody afterwards.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET SOCK_STREAM tcp 81 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 81 ::1"
daemon_start || exit 1

checks <<'EOP'
from faults import *
import resource

SB, R = T + "/svc/sb", T + "/svc/r"
STEP = 128 << 10


def start(name, *args, limit=None, **kw):
    """The process, and its standard error."""
    err = tempfile.TemporaryFile()
    prefix = ["prlimit", "--as=%d" % limit] if limit else []
    argv = [*prefix, BUILD + "/bsock-" + name, *args]
    return subprocess.Popen(argv, stderr=err, **kw), err


def size(p):
    with open("/proc/%d/status" % p.pid) as f:
        return 1024 * int(next(x for x in f if x.startswith("VmSize")).split()[1])


def cpu(p):
    with open("/proc/%d/stat" % p.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serves_binder(port=80):
    with contextlib.suppress(OSError), tcp() as s:
        return binder_bind(SB, s, 4, port, "127.0.0.1") == 0


def passes_on(address="127.0.0.1"):
    with contextlib.suppress(OSError):
        with socket.create_connection((address, 81), timeout=20) as c:
            with take_connection(r) as s:
                return s.getpeername()[:2] == c.getsockname()[:2]


def start_binder(limit=None):
    return start("socket-binder", "-f", SB, limit=limit), serves_binder


def start_portlisten(limit=None):
    return start("portlisten", "-b", "127.0.0.1", "-b", "::1", "81", R, limit=limit), passes_on


def end(p):
    if p.poll() is None:
        p.terminate()
    status = p.wait(20)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SB)
    return status


# --- at the start -----------------------------------------------------------
def starts(starter, limit):
    """Whether it serves; what is wrong goes to wrong."""
    (p, err), serves = starter(limit)
    served = eventually(lambda: serves() or p.poll() is not None) and p.poll() is None
    status = end(p)
    err.seek(0)
    text = err.read().decode()
    # Before main() the loader says what is missing, and its status is 127.
    if not served and (status not in (1, 127) or len(text) < 20):
        wrong.append((limit, status, text))
    return served


r = receiver(R)
for starter, name in ((start_binder, "socket_binder"), (start_portlisten, "portlisten")):
    wrong, outcomes = [], []
    (p, err), serves = starter()
    ok(eventually(serves), name + ": it serves")
    # A little more for a start than for what comes after.
    limit = size(p) + (1 << 20)
    end(p)
    while limit > 1 << 20:
        outcomes.append(starts(starter, limit))
        limit -= STEP
    is_(wrong, [], name + ": with %d limits it serves or says why not" % len(outcomes))
    ok(outcomes[0] and not outcomes[-1], "... %d times it served" % sum(outcomes))

# --- no more than there is --------------------------------------------------
(p, err), serves = start_binder()
eventually(serves)
fds = at_rest(p.pid)[0]
resource.prlimit(p.pid, resource.RLIMIT_AS, (size(p), resource.RLIM_INFINITY))
good = binder_request(4, 80, "127.0.0.1")
ok(all(serves() for n in range(200)), "socket_binder, no memory more: 200 requests")
binder_ask(SB, b"\7")
binder_ask(SB, good)
conns = [dial(SB) for n in range(300)]
ok(serves(), "... beside 300 idle clients")
for c in conns:
    c.close()
resource.prlimit(p.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)

# --- no descriptors ---------------------------------------------------------
ok(eventually(lambda: open_fds(p.pid) == fds), "... no descriptor is left")
soft, hard = resource.prlimit(p.pid, resource.RLIMIT_NOFILE)
for more in range(6):
    resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (fds + more, hard))
    conns, before = [dial(SB) for n in range(64)], cpu(p)
    time.sleep(0.3)
    used = cpu(p) - before
    ok(used < 0.2, "socket_binder, %d descriptors more and 64 clients: it does not spin (%.2f s)" % (more, used))
    with tcp() as s:
        with contextlib.closing(dial(SB)) as c:
            with contextlib.suppress(OSError):
                send_fds(c, good, [s.fileno()])
            for idle in conns:
                idle.close()
            resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (soft, hard))
            # Received when there was no room for its socket: EMFILE.
            got = until_eof(c)
        bound = s.getsockname()[1]
        ok((got, bound) in ((bytes(4), 80), (struct.pack("=i", errno.EMFILE), 0)), "... who comes after them is answered truly")
    ok(serves(), "... and afterwards it serves")
ok(eventually(lambda: open_fds(p.pid) == fds), "... no descriptor is left")
is_(end(p), 0, "... and it ends as asked")

(p, err), serves = start_portlisten()
eventually(serves)
fds = at_rest(p.pid)[0]
resource.prlimit(p.pid, resource.RLIMIT_AS, (size(p), resource.RLIM_INFINITY))
ok(all(serves(a) for a in ("127.0.0.1", "::1") * 50), "portlisten, no memory more: 100 connections")
# With fewer than it polls, poll(2) itself fails.
soft, hard = resource.prlimit(p.pid, resource.RLIMIT_NOFILE)
for limit in (fds, 1):
    resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (limit, hard))
    c, before = socket.create_connection(("::1", 81), timeout=60), cpu(p)
    time.sleep(0.7)
    used = cpu(p) - before
    ok(used < 0.05, "portlisten, %d descriptors: it does not spin (%.2f s)" % (limit, used))
    resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (soft, hard))
    with take_connection(r) as s:
        is_(s.getpeername()[:2], c.getsockname()[:2], "... and passes the connection on when there are more")
    c.close()
ok(serves() and eventually(lambda: open_fds(p.pid) == fds), "... no descriptor is left")
is_(end(p), -signal.SIGTERM, "... and it ends as asked")

c = Creator()
request = creator_request("T", 4, 80, "127.0.0.1")
c.ask(request)[1].close()
resource.prlimit(c.process.pid, resource.RLIMIT_AS, (size(c.process),) * 2)
for n in range(100):
    c.ask(request)[1].close()
is_(c.ask(creator_request("T", 4, 82, "127.0.0.1")), (b"E", b"B", errno.EACCES), "sockcreator, no memory more: 101 requests")
is_(c.end(b"T"), 0, "... and it ends as asked")
EOP

finish
