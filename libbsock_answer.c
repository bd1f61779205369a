/*
 * libbsock_answer - what came back, and the caller's socket
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "libbsock_answer.h"

#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bsock_addr.h"
#include "bsock_compat.h"
#include "bsock_sockopt.h"

static bool
option_is(int fd, int option, int want)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
	       value == want;
}

/* Is this descriptor the kind of socket that was asked for? */
static bool
is_wanted(int fd, const struct bsock_addr *addr)
{
#if HAVE_SO_DOMAIN
	if (!option_is(fd, SO_DOMAIN, addr->family))
		return false;
#endif
#if HAVE_SO_PROTOCOL
	if (addr->family != AF_UNIX &&
	    !option_is(fd, SO_PROTOCOL, (int)addr->protocol))
		return false;
#endif
	return option_is(fd, SO_TYPE, (int)addr->socktype);
}

static bool
is_bound(int fd, struct sockaddr_storage *ss, socklen_t *len)
{
	*len = sizeof(*ss);
	memset(ss, 0, sizeof(*ss));
	if (getsockname(fd, (struct sockaddr *)ss, len) != 0)
		return false;
	switch (ss->ss_family) {
	case AF_INET:
		return ((struct sockaddr_in *)ss)->sin_port != 0;
	case AF_INET6:
		return ((struct sockaddr_in6 *)ss)->sin6_port != 0;
	default:
		return *len > offsetof(struct sockaddr_un, sun_path);
	}
}

bool
bsock_answer_unsaid(const struct bsock_ask *ask)
{
	const struct bsock_addr *want = &ask->request.addr;
	struct bsock_addr got;
	struct sockaddr_storage ss;
	socklen_t len;

	if (ask->fd < 0 || !is_bound(ask->fd, &ss, &len) ||
	    bsock_addr_from_sockaddr(&got, want->family, (int)want->socktype,
		(int)want->protocol, &ss, len) != 0)
		return false;
	if (want->port == 0 && got.port < IPPORT_RESERVED)
		got.port = 0;
	return bsock_addr_equal(&got, want);
}

/* The socket that came takes the number of the caller's own. */
static int
take_place(int fd, int with)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return errno;
	while (bsock_compat_dup(with, fd, (flags & FD_CLOEXEC) != 0) < 0)
		if (errno != EINTR && errno != EBUSY)
			return errno;
	return 0;
}

int
bsock_answer_take(const struct bsock_ask *ask, int fd)
{
	if (fd < 0)
		return ask->fd < 0 ? EPROTO : 0;
	if (!is_wanted(fd, &ask->request.addr))
		return EPROTO;
	if (ask->fd < 0)
		return 0;
	if (bsock_sockopt_carry(ask->fd, fd) != 0) {
		if (errno != EBUSY)
			return errno;
		if (!ask->request.rebind)
			return BSOCK_ANSWER_AFRESH;
	}
	return take_place(ask->fd, fd);
}
