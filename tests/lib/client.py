"""A client that sends exactly the bytes and descriptors it is told to.

Used by `client CODE...` of tests/lib/client.sh.  It knows nothing of
libbsock: the numbers here are those of the protocol's own description.
"""
import errno
import os
import socket
import struct
import sys
import time
from socket import (AF_INET, AF_INET6, AF_UNIX, IPPROTO_TCP, IPPROTO_UDP,
                    SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR)

NETLINK, VSOCK = 16, 40


def name(number):
    return '0' if number == 0 else errno.errorcode.get(number, str(number))


def sa_in(port, host='0.0.0.0', family=AF_INET, pad=bytes(8)):
    return struct.pack('=H', family) + struct.pack('!H', port) + \
        socket.inet_aton(host) + pad


def sa_in6(port, host='::', flow=0, scope=0, family=AF_INET6):
    return struct.pack('=H', family) + struct.pack('!H', port) + \
        struct.pack('=I', flow) + socket.inet_pton(AF_INET6, host) + \
        struct.pack('=I', scope)


def sa_un(path, size=110):
    return (struct.pack('=H', AF_UNIX) + path.encode()).ljust(size, b'\0')


def binary(family=AF_INET, socktype=SOCK_STREAM, proto=IPPROTO_TCP,
           sa=b'', flags=0, version=bytes(8), ignored=bytes(28), n=None):
    return version + struct.pack('=IiiiI', flags, family, socktype, proto,
                                 len(sa) if n is None else n) + ignored + sa


def tcp(port, host='0.0.0.0', **more):
    return binary(sa=sa_in(port, host), **more)


def connect():
    conn = socket.socket(AF_UNIX, SOCK_STREAM)
    conn.settimeout(20)
    conn.connect(os.environ['BSOCK_SOCKET'])
    return conn


class Answer:
    """What came back: errno's name, flags, bytes, and descriptors."""

    def __init__(self, conn):
        try:
            data, fds, _, _ = socket.recv_fds(conn, 64, 8)
        except ConnectionResetError:
            data, fds = b'', []
        self.fds = fds
        self.data = data
        self.flags = 0
        self.error = 'closed'
        if len(data) == 8:
            number, self.flags = struct.unpack('=iI', data)
            self.error = name(number)

    def __del__(self):
        for fd in self.fds:
            os.close(fd)

    def socket(self):
        return socket.socket(fileno=self.fds.pop())

    def __str__(self):
        return self.error + (' +fd' * len(self.fds))


def ask(data, *fds, half_close=False):
    """Sends one message; the answer."""
    conn = connect()
    if isinstance(data, str):
        data = data.encode()
    numbers = [fd if isinstance(fd, int) else fd.fileno() for fd in fds]
    try:
        if numbers:
            socket.send_fds(conn, [data], numbers)
        elif data:
            conn.sendall(data)
    except BrokenPipeError:
        pass  # the answer came first
    if half_close:
        conn.shutdown(socket.SHUT_WR)
    answer = Answer(conn)
    if answer.fds:
        conn.recv(1)  # the end: the daemon has no copy of it any more
    return answer


def wait_for(condition):
    """Until it is true, for at most 10 s."""
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            sys.exit('waited in vain')
        time.sleep(0.01)
