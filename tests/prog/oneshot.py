#!/usr/bin/env python3
"""Calls bsock for one request, the way hostile callers do.

oneshot.py BSOCK CASE [ARGUMENT...] prints the exit status, as the name of an
errno (0: bound), and what else the case has found.
"""
import array
import errno
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

BSOCK = sys.argv[1]
WORDS = ['AF_INET', 'SOCK_STREAM', 'tcp', '80', '127.0.0.1']
TEXT = ' '.join(WORDS).encode()


def name(status):
    return '0' if status == 0 else errno.errorcode.get(status, str(status))


def tcp():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def call(stdin, words=WORDS, **more):
    return subprocess.run([BSOCK] + list(words), stdin=stdin,
                          stderr=subprocess.DEVNULL, **more).returncode


def request(text, fds=(), **more):
    """Over a socketpair: (exit status, reply, descriptors)."""
    ours, theirs = socket.socketpair()
    if text is not None:
        ours.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                               array.array('i', fds))] if fds else [])
    status = call(theirs, [], **more)
    theirs.close()
    data, got, _, _ = socket.recv_fds(ours, 64, 4)
    return status, data, got


def port_of(sock):
    return sock.getsockname()[1]


def words(*args):
    s = tcp()
    status = call(s, args or WORDS)
    print(name(status), port_of(s))


def hostile(preexec, env=None, **more):
    s = tcp()
    status = call(s, preexec_fn=preexec, env=env, **more)
    print(name(status), port_of(s))


def closed():
    def close():
        for fd in 0, 1, 2:
            os.close(fd)
    hostile(close)


def environment():
    hostile(None, {'E%d' % i: 'x' * 100000 for i in range(15)})


def evil_environment(path):
    n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    n.bind(path)
    n.setblocking(False)
    hostile(None, {'NOTIFY_SOCKET': path, 'WATCHDOG_USEC': '1',
                   'LISTEN_FDS': '1', 'LISTEN_PID': str(os.getpid()),
                   'BSOCK_SOCKET': path, 'LD_PRELOAD': '/nonexistent.so',
                   'LD_LIBRARY_PATH': '/nonexistent', 'PATH': '',
                   'MALLOC_PERTURB_': '1', 'TZ': '/etc/shadow',
                   'GLIBC_TUNABLES': 'glibc.malloc.check=3'})
    try:
        n.recv(100)
        print('it wrote to NOTIFY_SOCKET')
    except BlockingIOError:
        pass


def limits():
    def limit():
        for what, value in ((resource.RLIMIT_FSIZE, 0),
                            (resource.RLIMIT_CPU, 1),
                            (resource.RLIMIT_NPROC, 1),
                            (resource.RLIMIT_MEMLOCK, 0),
                            (resource.RLIMIT_NOFILE, 4)):
            resource.setrlimit(what, (value, value))
    hostile(limit)


def signals():
    def prepare():
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        for sig in range(1, 65):
            try:
                signal.signal(sig, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    s = tcp()
    status = call(s, preexec_fn=prepare, restore_signals=False)
    print(name(status), port_of(s))


def descriptors():
    """Everything that was open in the caller is closed in bsock."""
    pipe, w = os.pipe()
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([BSOCK], stdin=theirs, pass_fds=[w],
                             stderr=subprocess.DEVNULL)
    os.close(w)
    theirs.close()
    # It waits for a request; the pipe has no writer any more.
    print('closed' if os.read(pipe, 1) == b'' else 'open')
    ours.close()
    child.wait()


def kinds():
    """What is not an unbound TCP socket of IPv4."""
    def show(what, stdin, *args):
        print(what, name(call(stdin, *args)))
    bound = tcp()
    bound.bind(('127.0.0.1', 0))
    listening = tcp()
    listening.listen()
    connected = tcp()
    connected.connect(listening.getsockname())
    a, b = socket.socketpair()
    show('pipe', os.pipe()[0])
    show('file', os.open('/etc/passwd', os.O_RDONLY))
    show('null', subprocess.DEVNULL)
    show('path', os.open('/', os.O_PATH))
    show('udp', socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    show('ipv6', socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
    show('mptcp', socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262))
    show('unix', a)
    show('netlink', socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
    show('bound', bound)
    show('listening', listening)
    show('connected', connected)


def malformed():
    for line in ('AF_INET SOCK_STREAM tcp 99999 127.0.0.1',
                 'AF_INET SOCK_STREAM tcp -1 127.0.0.1',
                 'AF_INET SOCK_STREAM tcp http 127.0.0.1',
                 'AF_INET SOCK_STREAM tcp 80 localhost',
                 'AF_INET SOCK_RAW tcp 80 127.0.0.1',
                 'AF_NETLINK SOCK_RAW 0 80 127.0.0.1',
                 'AF_UNIX SOCK_STREAM 0 0 /' + 'a' * 200):
        print(name(call(tcp(), line.split(' '))))
    print(name(call(tcp(), ['AF_INET', 'SOCK_STREAM', 'tcp', '80',
                            '127.0.0.1 x'])))
    print(name(call(tcp(), ['AF_INET', 'SOCK_STREAM', 'tcp', '80',
                            'x' * 100000])))


def pair():
    s = tcp()
    status, data, got = request(TEXT, [s.fileno()])
    print(name(status), len(data), len(got), port_of(s))


def made():
    """No descriptor is sent: bsock makes the socket."""
    status, data, got = request(TEXT)
    owner = os.fstat(got[0]).st_uid if got else None
    print(name(status), len(data), owner == os.getuid())


def unheard(text):
    """Bytes that are no request."""
    status, data, got = request(text.encode())
    error = struct.unpack('i', data[:4])[0] if data else 0
    print(name(status), name(error), len(got))


def silent():
    start = time.monotonic()
    status, data, _ = request(None)
    spent = time.monotonic() - start
    error = struct.unpack('i', data[:4])[0]
    print(name(status), name(error), 1.9 < spent < 8)


def hung_up():
    ours, theirs = socket.socketpair()
    s = tcp()
    socket.send_fds(ours, [TEXT], [s.fileno()])
    ours.close()
    print(name(call(theirs, [])), port_of(s))


def somebody(path):
    """stdin is a connection to somebody else's server, which asks."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    print(name(call(s, [])))


def serve(path):
    """That server: its requests come with a socket of its own."""
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o666)
    s.listen()
    print('ready', flush=True)
    c, _ = s.accept()
    t = tcp()
    try:
        socket.send_fds(c, [TEXT], [t.fileno()])
        c.recv(8)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may be refused before it has spoken
    print('got', port_of(t), flush=True)


def given(user, group):
    """root makes the socketpair and the request, user runs bsock."""
    ours, theirs = socket.socketpair()
    s = tcp()
    socket.send_fds(ours, [TEXT], [s.fileno()])
    status = call(theirs, [], user=user, group=group, extra_groups=[])
    print(name(status), port_of(s))


def namespace():
    """A socket of a network namespace that the caller made."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        code = ('import socket\ns = socket.socket(fileno=3)\n'
                't = socket.socket()\n'
                'socket.send_fds(s, [b"x"], [t.fileno()])')
        os.dup2(theirs.fileno(), 3)
        os.set_inheritable(3, True)
        os.execvp('unshare', ['unshare', '-Urn', sys.executable, '-c', code])
    theirs.close()
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    print(name(call(fds[0])))


def owner(path):
    s = socket.socket(socket.AF_UNIX)
    status = call(s, ['AF_UNIX', 'SOCK_STREAM', '0', '0', path])
    st = os.stat(path)
    print(name(status), st.st_uid == os.getuid(), oct(st.st_mode & 0o777))


globals()[sys.argv[2]](*sys.argv[3:])
