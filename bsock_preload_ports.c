/*
 * bsock_preload_ports - reserved ports, 600 to 1023: bindresvport(3) and kin
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bsock_preload.h"

#define PORT_FIRST 600
#define PORT_COUNT (IPPORT_RESERVED - PORT_FIRST)

/* No libc header declares all of these. */
int bindresvport(int fd, struct sockaddr_in *in);
int bindresvport6(int fd, struct sockaddr_in6 *in6);
int bindresvport_sa(int fd, struct sockaddr *sa);
int rresvport(int *port);
int rresvport_af(int *port, sa_family_t family);

/* Both families have it at the same place. */
static in_port_t *
port_of(struct sockaddr *sa)
{
	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
			   offsetof(struct sockaddr_in6, sin6_port),
	    "sin_port and sin6_port");
	return &((struct sockaddr_in *)(void *)sa)->sin_port;
}

static socklen_t
length_of(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6);
}

/*
 * After the real function has failed with errno: ask for any reserved port at
 * the address of sa, whose port is set to the one that was bound.
 */
static int
ask_some_port(int fd, struct sockaddr *sa, int before)
{
	socklen_t len = length_of(sa);
	struct sockaddr_storage ss;

	if (!bsock_preload_may_help(errno) || !bsock_preload_has_port(sa))
		return -1;
	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, sa, len);
	*port_of((struct sockaddr *)&ss) = 0;
	if (bsock_preload_ask(fd, (struct sockaddr *)&ss, len, before) != 0)
		return -1;
	len = sizeof(ss);
	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	*port_of(sa) = *port_of((struct sockaddr *)&ss);
	return 0;
}

/* What a libc that has these functions does, for one that has not. */
static int
bind_some_port(int fd, struct sockaddr *sa)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned i = 0; i < PORT_COUNT; i++) {
		unsigned n = ((unsigned)now.tv_nsec / 1000 + i) % PORT_COUNT;

		*port_of(sa) = htons((in_port_t)(PORT_FIRST + n));
		if (bsock_preload_real.bind(fd, sa, length_of(sa)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	return -1;
}

static int
bind_reserved_port(int fd, struct sockaddr *sa, int before)
{
	if (!bsock_preload_has_port(sa)) {
		errno = EPFNOSUPPORT;
		return -1;
	}
	if (*port_of(sa) != 0)
		return bind(fd, sa, length_of(sa));
	if (bind_some_port(fd, sa) == 0)
		return 0;
	return ask_some_port(fd, sa, before);
}

PUBLIC int
bindresvport(int fd, struct sockaddr_in *in)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int before = errno;

	if (in == NULL)
		in = &any;
	if (bsock_preload_real.bindresvport == NULL)
		return bind_reserved_port(fd, (struct sockaddr *)in, before);
	if (bsock_preload_real.bindresvport(fd, in) == 0)
		return 0;
	return ask_some_port(fd, (struct sockaddr *)in, before);
}

PUBLIC int
bindresvport6(int fd, struct sockaddr_in6 *in6)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	int before = errno;

	if (in6 == NULL)
		in6 = &any;
	if (bsock_preload_real.bindresvport6 == NULL)
		return bind_reserved_port(fd, (struct sockaddr *)in6, before);
	if (bsock_preload_real.bindresvport6(fd, in6) == 0)
		return 0;
	return ask_some_port(fd, (struct sockaddr *)in6, before);
}

PUBLIC int
bindresvport_sa(int fd, struct sockaddr *sa)
{
	struct sockaddr_storage any;
	socklen_t len = sizeof(any);
	int before = errno;

	if (sa == NULL) {
		/* Any address of the socket's own family. */
		memset(&any, 0, sizeof(any));
		sa = (struct sockaddr *)&any;
		if (getsockname(fd, sa, &len) != 0)
			return -1;
	}
	if (bsock_preload_real.bindresvport_sa == NULL)
		return bind_reserved_port(fd, sa, before);
	if (bsock_preload_real.bindresvport_sa(fd, sa) == 0)
		return 0;
	return ask_some_port(fd, sa, before);
}

/* A socket of ours, after libc could not bind one of its own. */
static int
make_reserved_port(int *port, sa_family_t family, int before)
{
	struct sockaddr_storage ss;
	struct sockaddr *sa = (struct sockaddr *)&ss;
	int why = errno;
	int fd;

	if (family != AF_INET && family != AF_INET6)
		return -1;
	memset(&ss, 0, sizeof(ss));
	ss.ss_family = family;
	fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	errno = why;
	if (ask_some_port(fd, sa, before) == 0) {
		*port = ntohs(*port_of(sa));
		return fd;
	}
	(void)close(fd);
	errno = why;
	return -1;
}

PUBLIC int
rresvport_af(int *port, sa_family_t family)
{
	int before = errno;
	int fd = -1;

	errno = EACCES;
	if (bsock_preload_real.rresvport_af != NULL)
		fd = bsock_preload_real.rresvport_af(port, family);
	if (fd >= 0) {
		errno = before;
		return fd;
	}
	return bsock_preload_may_help(errno)
		   ? make_reserved_port(port, family, before)
		   : -1;
}

PUBLIC int
rresvport(int *port)
{
	return rresvport_af(port, AF_INET);
}
