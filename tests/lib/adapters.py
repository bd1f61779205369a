# What the peers of the adapters have in common: TAP, and the three protocols
# written out by hand, byte by byte.
import array
import contextlib
import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

BUILD = os.environ["BUILD"]
T = os.environ["T"]
AF = {4: socket.AF_INET, 6: socket.AF_INET6}


def freeze(pid):
    """SIGSTOP, and wait until every thread stands still."""
    os.kill(pid, signal.SIGSTOP)
    tasks = "/proc/%d/task" % pid
    while any("State:\tT" not in open("%s/%s/status" % (tasks, t)).read()
              for t in os.listdir(tasks)):
        time.sleep(0.001)


def ok(passed, name):
    print(("ok" if passed else "not ok") + " - " + name, flush=True)
    return passed


def is_(got, want, name):
    if not ok(got == want, name):
        print("# got:    %r\n# wanted: %r" % (got, want), flush=True)


def eventually(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def open_fds(pid):
    """FileNotFoundError: it has ended.  One that is about to is root's."""
    try:
        return len(os.listdir("/proc/%s/fd" % pid))
    except PermissionError as error:
        raise FileNotFoundError(error.errno, "%s is ending" % pid) from error


def send_fds(sock, data, fds=()):
    if not fds:
        return sock.send(data)
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
    return sock.sendmsg([data], [rights])


def recv_fds(sock, size, flags=0):
    """The bytes, and the descriptors that came with them."""
    fds = array.array("i")
    data, anc, _, _ = sock.recvmsg(size, socket.CMSG_SPACE(32 * 4), flags)
    for level, kind, body in anc:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(body[: len(body) // 4 * 4])
    return data, list(fds)


def option(sock, level, name):
    return sock.getsockopt(level, name)



# --- socket_binder -----------------------------------------------------------


def tcp(family=4, reuse=True):
    return made(family, socket.SOCK_STREAM, reuse)


def udp(family=4, reuse=True):
    return made(family, socket.SOCK_DGRAM, reuse)


def made(family, kind, reuse=True):
    s = socket.socket(AF[family], kind)
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == 6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return s


def binder_request(family, port, text, command=1, n=None):
    text = text.encode() if isinstance(text, str) else text
    n = len(text) if n is None else n
    return struct.pack("!BBHB", command, family, port, n) + text


def dial(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(60)
    s.connect(path)
    return s


def until_eof(s):
    data = b""
    while True:
        try:
            piece = s.recv(4096)
        except ConnectionResetError:
            return data + b"<RESET>"
        if not piece:
            return data
        data += piece


def binder_ask(path, pieces, fds=(), half_close=False):
    """Sends the pieces; all that comes until the end of the stream.  The
    descriptors go with the first piece."""
    with contextlib.closing(dial(path)) as s:
        for piece in [pieces] if isinstance(pieces, bytes) else pieces:
            try:
                send_fds(s, piece, fds)
            except (BrokenPipeError, ConnectionResetError):
                break
            fds = ()
        if half_close:
            s.shutdown(socket.SHUT_WR)
        return until_eof(s)


def binder_bind(path, sock, family, port, text):
    """0 or the errno value; None when there was no whole answer."""
    got = binder_ask(path, binder_request(family, port, text), [sock.fileno()])
    return struct.unpack("=i", got)[0] if len(got) == 4 else None


# --- socket creator ----------------------------------------------------------


class Creator:
    def __init__(self, prefix=(), **kw):
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(60)
        kw.setdefault("stdin", theirs)
        kw.setdefault("stdout", theirs)
        kw.setdefault("stderr", subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [*prefix, BUILD + "/bsock-sockcreator"], **kw
        )
        theirs.close()

    def send(self, data, fds=()):
        send_fds(self.sock, data, fds)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                break
            data += piece
        return data

    def reply(self):
        """('S', socket), or ('E', what, errno), or ('F', what)."""
        status = self.exactly(1)
        if status == b"S":
            data, fds = recv_fds(self.sock, 1)
            assert data == b"\0" and len(fds) == 1, (data, fds)
            return b"S", socket.socket(fileno=fds[0])
        if status == b"E":
            return b"E", self.exactly(1), struct.unpack("=i", self.exactly(4))[0]
        return status, self.exactly(1)

    def ask(self, data, fds=()):
        self.send(data, fds)
        return self.reply()

    def end(self, send=None, half_close=False):
        """The exit status."""
        if send is not None:
            self.send(send)
        if half_close:
            self.sock.shutdown(socket.SHUT_WR)
        else:
            self.sock.close()
        return self.process.wait(60)


def creator_request(kind, family, port, text):
    return (
        b"S"
        + kind.encode()
        + str(family).encode()
        + struct.pack("!H", port)
        + socket.inet_pton(AF[family], text)
    )


# --- portlisten --------------------------------------------------------------


def receiver(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(60)
    return s


def take_connection(s):
    data, fds = recv_fds(s, 100)
    assert data == b"x" and len(fds) == 1, (data, fds)
    return socket.socket(fileno=fds[0])
