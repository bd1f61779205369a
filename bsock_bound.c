/*
 * bsock_bound - a socket bound to one address: made, recognised, closed
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_bound.h"

#include <limits.h>
#include <netinet/tcp.h>
#include <string.h>

#include "bsock_compat.h"

int
bsock_bound_get(int fd, int level, int name, int otherwise)
{
	int value = otherwise;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) != 0 ||
	    len != sizeof(value))
		return otherwise;
	return value;
}

int
bsock_bound_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* --- what a socket is -------------------------------------------------- */

/* The interface that fd is bound to, or 0. */
static int
device_of(int fd)
{
#ifdef SO_BINDTOIFINDEX
	return bsock_bound_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0);
#else
	(void)fd;
	return 0;
#endif
}

void
bsock_bound_form_of(
    struct bsock_bound_form *form, const struct bsock_addr *addr, int fd)
{
	form->addr = *addr;
	form->v6only = -1;
	form->device = (int)addr->scope;
	if (fd < 0)
		return;
	/* Bound to one address, a socket is of one family by itself. */
	if (addr->family == AF_INET6 && bsock_addr_is_wildcard(addr))
		form->v6only =
		    bsock_bound_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (form->device == 0)
		form->device = device_of(fd);
}

bool
bsock_bound_matches(int kept, const struct bsock_bound_form *form)
{
	const struct bsock_addr *addr = &form->addr;

#if HAVE_SO_DOMAIN
	if (bsock_bound_get(kept, SOL_SOCKET, SO_DOMAIN, -1) !=
	    (int)addr->family)
		return false;
#endif
#if HAVE_SO_PROTOCOL
	if (bsock_addr_is_inet(addr) &&
	    bsock_bound_get(kept, SOL_SOCKET, SO_PROTOCOL, -1) !=
		(int)addr->protocol)
		return false;
#endif
	if (addr->family == AF_INET6 && form->v6only >= 0 &&
	    bsock_bound_get(kept, IPPROTO_IPV6, IPV6_V6ONLY, 0) != form->v6only)
		return false;
	return device_of(kept) == form->device;
}

bool
bsock_bound_key_of(int fd, struct bsock_addr *key)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	int protocol = 0;

#if HAVE_SO_PROTOCOL
	protocol = bsock_bound_get(fd, SOL_SOCKET, SO_PROTOCOL, 0);
#endif
	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    bsock_addr_from_sockaddr(key, ss.ss_family,
		bsock_bound_get(fd, SOL_SOCKET, SO_TYPE, -1),
		ss.ss_family == AF_UNIX ? 0 : protocol, &ss, len) != 0)
		return false;
	bsock_addr_key(key, key);
	return true;
}

bool
bsock_bound_belongs(int fd, const struct bsock_addr *key)
{
	struct bsock_addr now;

	if (!bsock_bound_key_of(fd, &now) || now.socktype != key->socktype ||
	    now.protocol != key->protocol)
		return false;
	if (key->family == AF_UNIX)
		return bsock_addr_equal(&now, key);
	return bsock_addr_is_inet(&now) && now.port == key->port;
}

bool
bsock_bound_listening(int fd)
{
	return bsock_bound_get(fd, SOL_SOCKET, SO_ACCEPTCONN, 0) != 0;
}

bool
bsock_bound_shares(int fd)
{
#if HAVE_GUARD
	return fd >= 0 && bsock_bound_get(fd, SOL_SOCKET, SO_REUSEPORT, 0) != 0;
#else
	(void)fd;
	return false;
#endif
}

void
bsock_bound_queue(int fd, unsigned *queue, unsigned *limit)
{
#if HAVE_GUARD
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0) {
		/* tcp(7) says what these mean in LISTEN */
		*queue = info.tcpi_unacked;
		*limit = info.tcpi_sacked;
		return;
	}
#else
	(void)fd;
#endif
	*queue = *limit = 0;
}

/* --- making and closing ------------------------------------------------ */

int
bsock_bound_socket(const struct bsock_bound_form *form)
{
	const struct bsock_addr *addr = &form->addr;
	int error, fd;

	fd = bsock_compat_socket(addr->family, (int)addr->socktype,
	    addr->family == AF_UNIX ? 0 : (int)addr->protocol);
	if (fd < 0 || addr->family != AF_INET6 || form->v6only < 0)
		return fd;
	if (bsock_bound_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, form->v6only) != 0) {
		error = errno;
		bsock_bound_close(&fd);
		errno = error;
	}
	return fd;
}

static int
try_bind(int fd, const struct bsock_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = bsock_addr_to_sockaddr(addr, &ss);

	return bind(fd, (const struct sockaddr *)&ss, len) == 0 ? 0 : errno;
}

int
bsock_bound_bind(int fd, const struct bsock_addr *addr)
{
	int error = try_bind(fd, addr);

	if (error != EADDRNOTAVAIL || !bsock_addr_is_inet(addr))
		return error;
#ifdef IP_FREEBIND
	(void)bsock_bound_set(fd, IPPROTO_IP, IP_FREEBIND, 1);
#endif
#ifdef IPV6_FREEBIND
	if (addr->family == AF_INET6)
		(void)bsock_bound_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
#endif
	return try_bind(fd, addr);
}

int
bsock_bound_make(const struct bsock_bound_form *form, unsigned flags, int *out)
{
	int error, fd = bsock_bound_socket(form);

	if (fd < 0)
		return errno;
	if ((flags & BSOCK_BOUND_REUSEADDR) != 0)
		(void)bsock_bound_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
#if HAVE_GUARD
	if ((flags & BSOCK_BOUND_REUSEPORT) != 0)
		(void)bsock_bound_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#endif
	error = bsock_bound_bind(fd, &form->addr);
	if (error != 0) {
		bsock_bound_close(&fd);
		return error;
	}
	*out = fd;
	return 0;
}

int
bsock_bound_listen(int fd)
{
	return listen(fd, INT_MAX) == 0 ? 0 : errno;
}

bool
bsock_bound_disconnect(int fd)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	return connect(fd, &none, sizeof(none)) == 0;
}

void
bsock_bound_close(int *fd)
{
	const struct linger none = {.l_onoff = 0};

	if (*fd < 0)
		return;
	/* A listener never lingers, and its holder may want the option. */
	if (!bsock_bound_listening(*fd))
		(void)setsockopt(
		    *fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)close(*fd);
	*fd = -1;
}
