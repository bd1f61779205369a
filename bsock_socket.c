/*
 * bsock_socket - one socket for one request
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_socket.h"

#include <sys/stat.h>

#include <string.h>

#include "bsock_compat.h"

/* One integer option; -1 and errno. */
static int
get_int(int fd, int option, int *value)
{
	socklen_t len = sizeof(*value);

	return getsockopt(fd, SOL_SOCKET, option, value, &len);
}

static int
get_family(int fd, int *family)
{
#if HAVE_SO_DOMAIN
	return get_int(fd, SO_DOMAIN, family);
#else
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return -1;
	*family = ss.ss_family;
	return 0;
#endif
}

/* Where the system cannot tell, the usual protocol of the type is it. */
static int
get_protocol(int fd, const struct bsock_addr *addr, int *protocol)
{
#if HAVE_SO_PROTOCOL
	(void)addr;
	return get_int(fd, SO_PROTOCOL, protocol);
#else
	(void)fd;
	*protocol = (int)addr->protocol;
	if (addr->family == AF_UNIX)
		return 0;
	if (addr->socktype == SOCK_STREAM)
		*protocol = IPPROTO_TCP;
	else if (addr->socktype == SOCK_DGRAM)
		*protocol = IPPROTO_UDP;
	return 0;
#endif
}

int
bsock_socket_check(int fd, const struct bsock_addr *addr)
{
	int family, socktype, protocol;

	/* An O_PATH descriptor says EBADF. */
	if (get_family(fd, &family) != 0)
		return ENOTSOCK;
	if (get_int(fd, SO_TYPE, &socktype) != 0 ||
	    get_protocol(fd, addr, &protocol) != 0)
		return EINVAL;
	if (family != addr->family || (uint32_t)socktype != addr->socktype ||
	    (uint32_t)protocol != addr->protocol)
		return EINVAL;
	return 0;
}

int
bsock_socket_check_unbound(int fd, const struct bsock_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct bsock_addr now;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return EINVAL;
	if (addr->family == AF_UNIX)
		return len > sizeof(sa_family_t) ? EINVAL : 0;
	if (bsock_addr_from_sockaddr(&now, addr->family, (int)addr->socktype,
		(int)addr->protocol, &ss, len) != 0)
		return EINVAL;
	return now.port == 0 ? 0 : EINVAL;
}

int
bsock_socket_reuse(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0
		   ? 0
		   : errno;
}

int
bsock_socket_make(const struct bsock_addr *addr, uid_t uid, gid_t gid, int *fd)
{
	int s, error;

	s = bsock_compat_socket(
	    addr->family, (int)addr->socktype, (int)addr->protocol);
	if (s < 0)
		return errno;
	if (uid != geteuid() && fchown(s, uid, gid) != 0) {
		error = errno;
		(void)close(s);
		return error;
	}
	*fd = s;
	return 0;
}

int
bsock_socket_bind(int fd, const struct bsock_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = bsock_addr_to_sockaddr(addr, &ss);

	return bind(fd, (struct sockaddr *)&ss, len) == 0 ? 0 : errno;
}

uint64_t
bsock_socket_netns(int fd)
{
#if HAVE_SO_NETNS_COOKIE
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0)
		return cookie;
#else
	(void)fd;
#endif
	return 0;
}
