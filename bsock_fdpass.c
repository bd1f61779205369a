/*
 * bsock_fdpass - messages over a unix socket with at most one descriptor
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_fdpass.h"

#include <sys/uio.h>

#include <limits.h>
#include <poll.h>
#include <string.h>

#include "bsock_compat.h"

/*
 * Room for one descriptor and not a byte more: CMSG_SPACE would round up and
 * let a second one in on 64-bit systems.
 */
union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int))];
};

/* The descriptor that recvmsg(2) installed, or -1. */
static int
received_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd;

	if (c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
#if !HAVE_MSG_CMSG_CLOEXEC
	(void)bsock_compat_cloexec(fd);
#endif
	return fd;
}

ssize_t
bsock_fdpass_recv(int sock, void *buf, size_t size, int *fd, int flags)
{
	union control control;
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = CMSG_LEN(sizeof(int)),
	};
	ssize_t n;

	memset(&control, 0, sizeof(control));
	*fd = -1;
	n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -1;
	*fd = received_fd(&msg);
	if (*fd < 0 && (msg.msg_flags & MSG_CTRUNC) != 0) {
		errno = EMFILE;
		return -1;
	}
	return n;
}

ssize_t
bsock_fdpass_send(int sock, const void *buf, size_t len, int fd, int flags)
{
	union control control;
	/* sendmsg(2) does not write to it; iovec has no const. */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd < 0) /* less for the kernel to copy */
		return send(sock, buf, len, flags | MSG_NOSIGNAL);
	memset(&control, 0, sizeof(control));
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	msg.msg_control = control.buf;
	msg.msg_controllen = CMSG_SPACE(sizeof(fd));
	return sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
}

int
bsock_fdpass_peer(int sock, struct bsock_peer *peer)
{
#if HAVE_SO_PEERCRED
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return -1;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
	return 0;
#elif HAVE_GETPEEREID
	peer->pid = 0;
	return getpeereid(sock, &peer->uid, &peer->gid);
#else
	(void)sock;
	(void)peer;
	errno = ENOSYS; /* nobody is who they say they are */
	return -1;
#endif
}

int
bsock_fdpass_peer_groups(int sock, gid_t *groups, size_t max)
{
#if HAVE_SO_PEERGROUPS
	socklen_t len = (socklen_t)(max * sizeof(*groups));

	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return -1;
	return (int)(len / sizeof(*groups));
#else
	(void)sock;
	(void)groups;
	(void)max;
	errno = ENOSYS;
	return -1;
#endif
}

int
bsock_fdpass_look(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : p.revents;
}

bool
bsock_fdpass_hung_up(int sock)
{
	int now = bsock_fdpass_look(sock, 0);

	return now > 0 && (now & (POLLHUP | POLLERR)) != 0;
}

struct timespec
bsock_fdpass_deadline(unsigned milliseconds)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(milliseconds / 1000);
	t.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

int
bsock_fdpass_left(const struct timespec *deadline)
{
	struct timespec now;
	long long ms;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	/* Rounded up: with 0 left the deadline has really passed. */
	ms = ((long long)deadline->tv_sec - now.tv_sec) * 1000 +
	     (deadline->tv_nsec - now.tv_nsec + 999999) / 1000000;
	if (ms < 0)
		return 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

int
bsock_fdpass_wait(int fd, short events, const struct timespec *deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n, left;

	do {
		left = bsock_fdpass_left(deadline);
		n = poll(&p, 1, left);
	} while ((n < 0 && errno == EINTR) || (n == 0 && left > 0));
	return n;
}
