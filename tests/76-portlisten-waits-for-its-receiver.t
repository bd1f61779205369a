#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
. "${0%/*}/lib/adapters.sh"

rules "$SVC AF_INET SOCK_STREAM tcp 80 0.0.0.0" \
    "$SVC AF_INET SOCK_STREAM tcp 81 0.0.0.0" \
    "$SVC AF_INET SOCK_STREAM tcp 82 0.0.0.0"
daemon_start || exit 1
svc_start "$BUILD/bsock-portlisten" 80 "$T/svc/r" 2>"$T/80.err"
P80=$!
svc_start "$BUILD/bsock-portlisten" -t 1 81 "$T/svc/none" 2>"$T/81.err"
P81=$!
svc_start "$BUILD/bsock-portlisten" -t 0 82 "$T/svc/none" 2>"$T/82.err"
P82=$!

checks P80=$P80 P81=$P81 P82=$P82 <<'END'
from adapters import *
import resource

P80, P81, P82 = (int(os.environ[p]) for p in ("P80", "P81", "P82"))
PATH = T + "/svc/r"


def connect(port):
    def attempt():
        with contextlib.suppress(ConnectionRefusedError):
            clients.append(socket.create_connection(("127.0.0.1", port), timeout=60))
            return True

    clients = []
    eventually(attempt)
    return clients[0]


def alive(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_pending(c):
    c.settimeout(0.3)
    try:
        return c.recv(1) is None
    except socket.timeout:
        return True
    finally:
        c.settimeout(60)


def passed_after(name, make):
    """Three clients wait; once make() is there they are passed on, in order."""
    clients = [connect(80) for n in range(3)]
    ok(is_pending(clients[0]), name + ": the connection waits")
    r = make()
    r.settimeout(60)
    ports = []
    for c in clients:
        with take_connection(r) as s:
            ports.append(s.getpeername()[1])
    is_(ports, [c.getsockname()[1] for c in clients], name + ": ... and is passed on, and those behind it")
    for c in clients:
        c.close()
    return r


r = passed_after("no such path", lambda: receiver(PATH))
r.close()
r = passed_after("nobody is bound to it any more", lambda: receiver(PATH))
r.close()
os.unlink(PATH)
other = socket.socket(socket.AF_UNIX)
other.bind(PATH)
other.listen()
r = passed_after("it is a stream socket", lambda: receiver(PATH))
r.close(), other.close()
os.unlink(PATH)
os.mkdir(PATH)
r = passed_after("it is a directory", lambda: os.rmdir(PATH) or receiver(PATH))
os.chmod(PATH, 0)
if os.geteuid() != 0:
    r = passed_after("it may not be written to", lambda: os.chmod(PATH, 0o700) or r)

# --- a full queue -----------------------------------------------------------
with open("/proc/sys/net/unix/max_dgram_qlen") as f:
    many = int(f.read()) + 20
clients = [connect(80) for n in range(many)]
before = cpu(P80)
time.sleep(0.5)
ok(alive(P80), "the receiver's queue is full: it lives")
ok(cpu(P80) - before < 0.2, "... and does not spin")
ports = []
for c in clients:
    with take_connection(r) as s:
        ports.append(s.getpeername()[1])
is_(ports, [c.getsockname()[1] for c in clients], "... %d connections are passed on in order" % many)
for c in clients:
    c.close()

# --- no descriptors ---------------------------------------------------------
soft, hard = resource.prlimit(P80, resource.RLIMIT_NOFILE)
used = open_fds(P80)
resource.prlimit(P80, resource.RLIMIT_NOFILE, (used, hard))
before = cpu(P80)
c = connect(80)
ok(is_pending(c), "no descriptor for the connection: it waits")
ok(cpu(P80) - before < 0.2, "... without spinning")
resource.prlimit(P80, resource.RLIMIT_NOFILE, (soft, hard))
take_connection(r).close()
is_(c.recv(1), b"", "... and is passed on when there is one")
c.close()

# --- given up ---------------------------------------------------------------
start = time.monotonic()
a, b = connect(81), connect(81)
is_(a.recv(1), b"", "-t 1: the connection is closed")
took = time.monotonic() - start
ok(0.9 < took < 30, "... after a second (%.2f s)" % took)
is_(b.recv(1), b"", "... so is the next one, in its turn")
ok(time.monotonic() - start > 1.9, "... after a second of its own")
ok(alive(P81), "... and it goes on")
a.close(), b.close()
c = connect(82)
is_(c.recv(1), b"", "-t 0: one try")
ok(alive(P82), "... and it goes on")
with contextlib.closing(receiver(T + "/svc/none")) as late:
    for port in (81, 82):
        c2 = connect(port)
        take_connection(late).close()
        is_(c2.recv(1), b"", "port %d: with a receiver it is passed on" % port)
END

is "one line in the log for each that was given up" \
    "$(grep -c 'closed a connection from AF_INET SOCK_STREAM tcp [0-9]* 127.0.0.1: no receiver at .*/none for 1 s: No such file or directory' "$T/81.err")" 2
is "and no other" "$(cat "$T/81.err" "$T/82.err" | wc -l)" 3
is "nothing in the log of the others" "$(cat "$T/80.err")" ""

finish
