#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need python3

rules "$SVC AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "$SVC AF_INET SOCK_DGRAM udp 53 127.0.0.1"
reserve "AF_INET SOCK_STREAM tcp $PORT 127.0.0.1" \
    "AF_INET SOCK_DGRAM udp 53 127.0.0.1"

# A service manager: the notify socket, the store, the start with LISTEN_FDS.
cat >"$T/manager.py" <<'PY'
import json, os, select, signal, socket, subprocess, sys, time
T, BUILD, B, PORT, GID = sys.argv[1:6]
PORT = int(PORT)
SVC_RUN = sys.argv[6:]
store = []      # (name, fd), as the manager has it
messages = []   # every message, as a dict
SOCKET = T + "/run/given"
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(T + "/notify")
notify.settimeout(10)

def ok(good, name):
    print("%s %s" % ("ok" if good else "not ok", name), flush=True)

def same(a, b):
    x, y = os.fstat(a), os.fstat(b)
    return (x.st_dev, x.st_ino) == (y.st_dev, y.st_ino)

def read_one():
    text, fds, _, _ = socket.recv_fds(notify, 4096, 4)
    m = dict(l.split("=", 1) for l in text.decode().split("\n") if l)
    messages.append(m)
    if m.get("FDSTORE") == "1":
        for fd in fds:
            if any(same(fd, have) for _, have in store):
                os.close(fd)  # as systemd does: it keeps the first name
            else:
                store.append((m["FDNAME"], fd))
    if m.get("FDSTOREREMOVE") == "1":
        for e in [e for e in store if e[0] == m["FDNAME"]]:
            os.close(e[1])
            store.remove(e)
    return m

def wait(what, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        r, _, _ = select.select([notify], [], [], 0.02)
        if r:
            read_one()
    return bool(what())

def seen(key, value=None, since=0):
    return any(key in m and value in (None, m[key]) for m in messages[since:])

def names(prefix):
    return [n for n, _ in store if n.startswith(prefix)]

def start(fds=(), pid=None, socket_given=True):
    fds = list(fds)
    log = os.open(T + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    child = os.fork()
    if child:
        os.close(log)
        mark = len(messages)
        ok(wait(lambda: seen("READY", "1", mark)), "READY=1")
        return child
    high = [os.dup2(fd, 100 + i) for i, (_, fd) in enumerate(fds)]
    os.dup2(log, 2)
    for i in range(len(high)):
        os.dup2(high[i], 3 + i, inheritable=True)
    os.closerange(3 + len(high), 300)
    env = dict(os.environ, NOTIFY_SOCKET=T + "/notify",
               WATCHDOG_USEC="200000", LISTEN_FDS=str(len(fds)),
               LISTEN_PID=str(pid or os.getpid()),
               LISTEN_FDNAMES=":".join(n for n, _ in fds))
    os.execve(BUILD + "/bsock", ["bsock", "-d", "-F", "-c", T + "/bsock",
        "-r", T + "/bsock.resvaddr", "-s", SOCKET, "-g", GID, "-m", "0666"],
        env)

def end(pid, sig):
    os.kill(pid, sig)
    os.waitpid(pid, 0)

def claim(*args, **kw):
    env = dict(os.environ, BSOCK_SOCKET=SOCKET)
    p = subprocess.Popen(SVC_RUN + [B + "/ask"] + list(args), env=env,
                         stdout=subprocess.PIPE, text=True)
    ok(p.stdout.readline() == "0\n", "a claim: " + args[-1])
    return p

def listening():  # inode and limit
    line = subprocess.run(["ss", "-Hlnte", "sport = :%d" % PORT],
        capture_output=True, text=True).stdout.split()
    return (next(w for w in line if w.startswith("ino:")), int(line[2])) \
        if line else None

def claimant(addr):  # by the daemon's word: uid, pid (None: not known)
    out = subprocess.run([BUILD + "/bsockctl", "-s", SOCKET, "status",
        "--json"], capture_output=True).stdout
    r = next(r for r in json.loads(out)["reserved"] if r["addr"] == addr)
    return r.get("uid"), r.get("pid")

def owner(p):
    return os.stat("/proc/%d" % p.pid).st_uid

TCP = "AF_INET SOCK_STREAM tcp %d 127.0.0.1" % PORT
UDP = "AF_INET SOCK_DGRAM udp 53 127.0.0.1"
control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
control.bind(SOCKET)
os.chmod(SOCKET, 0o666)
control.listen(100)
given = [("bsock.socket", control.fileno())]

daemon = start(given)
ok(wait(lambda: len(names("bsock-guard-")) == 2), "both guards are stored")
ok(all(m["FDPOLL"] == "0" for m in messages if "FDSTORE" in m),
   "with FDPOLL=0")
ok(seen("STATUS"), "a STATUS")
holder = claim("-w", "-l", "5", TCP)
udp = claim("-w", UDP)
ok(wait(lambda: len(names("bsock-kept-")) == 2 and
        len(names("bsock-holder-")) == 2), "kept sockets and holders too")
before = listening()
c = socket.create_connection(("127.0.0.1", PORT), 5)

# What is nobody's: the guard of an address that no line names.
stray = socket.socket()
stray.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
stray.bind(("127.0.0.1", 4000))
end(daemon, signal.SIGKILL)
had = sorted(n for n, _ in store)
store.append(("bsock-guard-1", os.dup(stray.fileno())))
mark = len(messages)
daemon = start(given + store)
ok(wait(lambda: seen("FDNAME", "bsock-guard-1", mark)),
   "what no line asks for is dropped")
ok(sorted(n for n, _ in store) == had, "the store is as it was")
ok(listening() == before, "the listener lives through kill -9")
uid = owner(holder)
ok(claimant(TCP) == (uid, holder.pid), "who claimed it is known")
holder.terminate()
holder.wait()
most = int(open("/proc/sys/net/core/somaxconn").read())
ok(wait(lambda: listening()[1] == most), "the end of its holder is noticed")
holder = claim("-w", "-l", "7", TCP)
ok(listening() == (before[0], 7), "the next claim gets the same socket")
again = claim("-w", UDP)
ok(wait(lambda: len(names("bsock-kept-")) == 2 and
        len(names("bsock-holder-")) == 2), "one holder each")

mark = len(messages)
os.kill(daemon, signal.SIGHUP)
ok(wait(lambda: seen("RELOADING", "1", mark) and seen("READY", "1", mark)),
   "RELOADING=1, then READY=1")
ok(all(m["MONOTONIC_USEC"].isdigit() for m in messages if "RELOADING" in m),
   "with MONOTONIC_USEC")
mark = len(messages)
ok(wait(lambda: len([m for m in messages[mark:] if "WATCHDOG" in m]) >= 3),
   "WATCHDOG=1 again and again")

mark = len(messages)
had = sorted(n for n, _ in store)
os.kill(daemon, signal.SIGUSR2)
ok(wait(lambda: seen("READY", "1", mark)), "READY=1 after a re-exec")
ok(wait(lambda: seen("WATCHDOG", "1", mark)), "the watchdog is fed on")
ok(sorted(n for n, _ in store) == had, "the store needs no change")
ok(listening()[0] == before[0], "nor does the listener")
ok(claimant(TCP) == (uid, holder.pid), "who claimed it is known still")

open(T + "/bsock.resvaddr", "w").write(UDP + "\n")
os.kill(daemon, signal.SIGHUP)
ok(wait(lambda: len(store) == 3), "a line that is gone leaves the store")

mark = len(messages)
end(daemon, signal.SIGTERM)
ok(wait(lambda: seen("STOPPING", "1", mark)), "STOPPING=1")
ok(os.path.exists(SOCKET), "a socket that was given is not unlinked")
ok(len(store) == 3, "and the store is kept")

again.terminate()
again.wait()
daemon = start(given + store)
ok(claimant(UDP)[0] == uid, "so is the user of one that has ended")
again = claim("-w", UDP)
end(daemon, signal.SIGTERM)
for p in holder, udp, again:
    p.terminate()
    p.wait()
control.close()
os.unlink(SOCKET)
wait(lambda: False, 0.2)  # what is still on its way holds descriptors
for _, fd in store:
    os.close(fd)
store.clear()
daemon = start([("x", 0)], pid=1)
ok("cannot" not in open(T + "/log").read(),
   "descriptors for another pid are left alone")
end(daemon, signal.SIGTERM)
PY
# shellcheck disable=SC2086
timeout 60 python3 "$T/manager.py" "$T" "$BUILD" "$B" "$PORT" "$(id -g)" \
    $SVC_RUN >"$T/ran" 2>&1
is "the manager ran to its end" $? 0
results "$T/ran"
[ $TAP_FAILED -eq 0 ] || diag "$(cat "$T/log")"
finish
