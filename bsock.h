/*
 * bsock.h - bind sockets to addresses that only bsock(8) may hand out
 *
 * Each function asks the daemon (or, where none runs, the setuid bsock
 * program) for one address.  The daemon looks at who asks, by the kernel's
 * word, and at etc/bsock; see bsock(5).
 *
 * Where it asks: the unix socket named by the environment variable
 * BSOCK_SOCKET (a path, or @name in the abstract namespace; read at each
 * call, ignored in a setuid process), else the path that the library was
 * built with.
 *
 * All functions are thread-safe, leave errno untouched on success, never
 * allocate, never raise SIGPIPE or SIGCHLD, and bound the whole call to 5
 * seconds; what is not answered at once because the daemon is busy is asked
 * again until then.  They are no cancellation points, and go on after a
 * signal's handler has run; they are not for use in one.  For the time of a
 * call they need a few descriptors.  A call that fails has not bound the
 * socket.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#ifndef BSOCK_H
#define BSOCK_H

#include <sys/socket.h>

#include <netdb.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * In ai_flags: drop the socket that the daemon keeps for this reserved
 * address and make a fresh one.  No AI_* value uses this bit.
 */
#define BSOCK_FLAGS_REBIND 0x40000000

/* The longest text that bsock_addrinfo_format() makes, with its NUL. */
#define BSOCK_ADDRINFO_STRLEN 256

/*
 * Like bind(2): bind fd to ai->ai_addr.  ai_next is ignored; ai_family,
 * ai_socktype and ai_protocol must be those of fd (0 as protocol: the usual
 * one for that socket type).  Of ai_flags only BSOCK_FLAGS_REBIND is looked
 * at.  fd stays the caller's; on a reserved address another open file takes
 * its number (dup2), with the flags and options that the caller had set on
 * it: what was made of fd before (a duplicate, an entry in an epoll set)
 * still is the old one.
 *
 * Returns 0, or -1 and errno:
 *	EACCES		no rule for this user and address, or the daemon's
 *			socket may not be reached
 *	EINVAL		malformed address, socket already bound, or ai and
 *			fd differ
 *	EBADF, ENOTSOCK	fd is not a socket
 *	EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT
 *			not a kind of socket that bsock serves
 *	ENOENT, ECONNREFUSED
 *			no daemon, and no setuid bsock program
 *	ETIMEDOUT	no answer within 5 seconds
 *	EMFILE, ENFILE	no descriptor left to ask with
 *	ECONNRESET	the daemon ended while it was asked
 *	any other	what bind(2) said: EADDRINUSE, EADDRNOTAVAIL, ...
 */
int bsock_bind_addrinfo(int fd, const struct addrinfo *ai);

/*
 * The same; socket type and protocol are asked of fd, whose family must be
 * that of addr.
 */
int bsock_bind(int fd, const struct sockaddr *addr, socklen_t addrlen);

/*
 * A new, bound, close-on-exec socket, which belongs to the caller; or -1 and
 * errno as above.  Stream sockets have SO_REUSEADDR set.
 */
int bsock_socket_addrinfo(const struct addrinfo *ai);

/*
 * Read "AF_INET SOCK_STREAM tcp 80 0.0.0.0": family, socket type, protocol
 * (a number, or tcp udp sctp dccp udplite mptcp), port and numeric address
 * ("@name" for an abstract, "/path" for a named unix socket).  Fills *ai,
 * whose ai_addr then points at ss; nothing is looked up anywhere.
 * Returns 0, or -1 with EINVAL.
 */
int bsock_addrinfo_parse(
    struct addrinfo *ai, struct sockaddr_storage *ss, const char *text);

/*
 * Write the canonical form of that line to buf, with a NUL.  Returns its
 * length without the NUL, or -1 with ENOSPC (buf is too small) or EINVAL
 * (not an address that such a line can say).
 */
int bsock_addrinfo_format(const struct addrinfo *ai, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
