#!/usr/bin/env python3
"""Ask bsock for an address, in the text protocol, without any library.

    client.py SOCKET 'AF_INET SOCK_STREAM tcp 80 127.0.0.1'

It greets whoever connects.  bind() is what a program of yours would take
over.  This file is in the public domain.
"""
import os
import socket
import struct
import sys


def bind(sock, line, daemon):
    """Bind sock to the address of line, as bsock(5) writes it."""
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(daemon)
        socket.send_fds(c, [line.encode()], [sock.fileno()])
        reply, fds, _, _ = socket.recv_fds(c, 8, 1)
    error = struct.unpack("i", reply[:4])[0] if len(reply) >= 4 else 5
    if error:
        raise OSError(error, os.strerror(error), line)
    for fd in fds:  # a reserved address: this one in place of ours
        os.dup2(fd, sock.fileno(), inheritable=False)
        os.close(fd)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bind(s, sys.argv[2], sys.argv[1])
    s.listen()
    while True:
        c, _ = s.accept()
        with c:
            c.sendall(b"hello\n")


main()
