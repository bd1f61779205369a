/*
 * bsock_compat - the one place where systems differ
 *
 * HAVE_X is 0 or 1, found by probes/X.c at build time (PROBE_X=0 forces it
 * off).  What a system lacks is supplied here in the terms of Linux, so that
 * other files need no #if for it.
 */
#ifndef BSOCK_COMPAT_H
#define BSOCK_COMPAT_H

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bsock_probes.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IPPROTO_SCTP
#define IPPROTO_SCTP 132
#endif
#ifndef IPPROTO_DCCP
#define IPPROTO_DCCP 33
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif
#ifndef SOCK_DCCP
#define SOCK_DCCP 6
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif
#if !HAVE_MSG_CMSG_CLOEXEC
#undef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

/* Close-on-exec set after the fact, where no flag does it at once. */
static inline int
bsock_compat_cloexec(int fd)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* A close-on-exec socket. */
static inline int
bsock_compat_socket(int family, int socktype, int protocol)
{
#if HAVE_SOCK_CLOEXEC
	return socket(family, socktype | SOCK_CLOEXEC, protocol);
#else
	return bsock_compat_cloexec(socket(family, socktype, protocol));
#endif
}

/* The same, non-blocking. */
static inline int
bsock_compat_socket_nonblock(int family, int socktype, int protocol)
{
#if HAVE_SOCK_CLOEXEC
	return bsock_compat_socket(family, socktype | SOCK_NONBLOCK, protocol);
#else
	int fd = bsock_compat_socket(family, socktype, protocol);

	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
#endif
}

/* Two connected close-on-exec unix stream sockets. */
static inline int
bsock_compat_socketpair(int fds[2])
{
#if HAVE_SOCK_CLOEXEC
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
#else
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return -1;
	(void)bsock_compat_cloexec(fds[0]);
	(void)bsock_compat_cloexec(fds[1]);
	return 0;
#endif
}

/* dup2(2) with the close-on-exec flag as said; fd and as must differ. */
static inline int
bsock_compat_dup(int fd, int as, int cloexec)
{
#if HAVE_DUP3
	return dup3(fd, as, cloexec ? O_CLOEXEC : 0);
#else
	if (dup2(fd, as) < 0)
		return -1;
	return cloexec ? bsock_compat_cloexec(as) : as;
#endif
}

/* The text of an errno value: a constant, the same in any thread. */
static inline const char *
bsock_compat_strerror(int error)
{
#if HAVE_STRERRORDESC_NP
	const char *text = strerrordesc_np(error);

	return text != NULL ? text : "unknown error";
#else
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): constants in other libcs */
	return strerror(error);
#endif
}

/* A close-on-exec pipe, both ends non-blocking. */
static inline int
bsock_compat_pipe(int fds[2])
{
#if HAVE_PIPE2
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK);
#else
	if (pipe(fds) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		(void)bsock_compat_cloexec(fds[i]);
		(void)fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
#endif
}

/* accept(2): the connection is close-on-exec, blocking. */
static inline int
bsock_compat_accept(int listener)
{
#if HAVE_ACCEPT4
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
#else
	return bsock_compat_cloexec(accept(listener, NULL, NULL));
#endif
}

#endif
