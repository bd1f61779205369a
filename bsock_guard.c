/*
 * bsock_guard - what keeps everybody else off a reserved address
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_guard.h"

#include <sys/stat.h>

#include <limits.h>
#include <string.h>

#include "bsock_compat.h"

/* A uid for a moment, of sockets that are told from all others. */
#define NOBODY_EVER ((uid_t)INT_MAX)

/* UDP: nobody can send from it but root, and root has no reason to. */
#define SILENT_PORT 1

static bool
is_stream(const struct bsock_addr *addr)
{
	return addr->socktype == SOCK_STREAM;
}

bool
bsock_guard_serves(const struct bsock_addr *key)
{
	if (!HAVE_GUARD || !bsock_addr_is_inet(key))
		return false;
	switch (key->protocol) {
	case IPPROTO_TCP:
		return is_stream(key);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return key->socktype == SOCK_DGRAM;
	default:
		return false;
	}
}

#if HAVE_GUARD

/*
 * Streams: SO_REUSEPORT from the start, so that a guard can be taken beside
 * services that a dead daemon has left running.  Where connections of a
 * holder from before bsock linger, only SO_REUSEADDR helps; it is taken back
 * at once, since from then on nobody else gets in.
 */
static int
take_stream(const struct bsock_bound_form *form, int *guard, bool *exposed)
{
	int error = bsock_bound_make(form, BSOCK_BOUND_REUSEPORT, guard);

	if (error != EADDRINUSE)
		return error;
	error = bsock_bound_make(
	    form, BSOCK_BOUND_REUSEADDR | BSOCK_BOUND_REUSEPORT, guard);
	if (error == 0) {
		(void)bsock_bound_set(*guard, SOL_SOCKET, SO_REUSEADDR, 0);
		*exposed = true;
	}
	return error;
}

/*
 * The form of a datagram guard.  The kernel prefers an AF_INET socket to an
 * AF_INET6 one for IPv4, so the guard of 0.0.0.0 is ::ffff:0.0.0.0.
 */
static struct bsock_bound_form
datagram_form(const struct bsock_bound_form *form)
{
	struct bsock_bound_form guard = *form;

	if (form->addr.family != AF_INET ||
	    !bsock_addr_is_wildcard(&form->addr))
		return guard;
	guard.addr.family = AF_INET6;
	guard.addr.host[10] = guard.addr.host[11] = 0xff;
	guard.v6only = 0;
	return guard;
}

/* Alone on the address, or (BSOCK_BOUND_REUSEPORT) beside others of ours. */
static int
bind_datagram(const struct bsock_bound_form *form, unsigned flags, int *guard)
{
	const struct bsock_bound_form best = datagram_form(form);
	int error = bsock_bound_make(&best, flags, guard);

	if (error == EAFNOSUPPORT)
		error = bsock_bound_make(form, flags, guard);
	if (error != 0)
		return error;
	/* Only now may others join; and what it gets takes no memory. */
	(void)bsock_bound_set(*guard, SOL_SOCKET, SO_REUSEPORT, 1);
	(void)bsock_bound_set(*guard, SOL_SOCKET, SO_RCVBUF, 0);
	(void)bsock_guard_retreat(&form->addr, *guard);
	return 0;
}

int
bsock_guard_take(const struct bsock_bound_form *form, int *guard, bool *exposed)
{
	*exposed = false;
	if (is_stream(&form->addr))
		return take_stream(form, guard, exposed);
	return bind_datagram(form, 0, guard);
}

int
bsock_guard_join(const struct bsock_bound_form *form, int *guard)
{
	return bind_datagram(form, BSOCK_BOUND_REUSEPORT, guard);
}

/*
 * Of all sockets on the address only the guard is given to a uid that nobody
 * has: another socket of that uid can be bound beside it, and not beside
 * any other.  The kernel believes the first of its list that allows the
 * bind, so the guard must be last: AF_INET6 sockets are put at the end.
 */
bool
bsock_guard_is_lonely(int *guard, const struct bsock_bound_form *form)
{
	int fresh = -1, probe = -1;
	bool lonely = false;

	if (!is_stream(&form->addr) &&
	    bsock_bound_get(*guard, SOL_SOCKET, SO_DOMAIN, -1) == AF_INET6) {
		if (bind_datagram(form, BSOCK_BOUND_REUSEPORT, &fresh) != 0)
			return false;
		bsock_bound_close(guard);
		*guard = fresh;
	}
	probe = bsock_bound_socket(form);
	if (probe < 0)
		return false;
	if (bsock_bound_set(probe, SOL_SOCKET, SO_REUSEPORT, 1) == 0 &&
	    fchown(probe, NOBODY_EVER, (gid_t)-1) == 0 &&
	    fchown(*guard, NOBODY_EVER, (gid_t)-1) == 0) {
		lonely = bsock_bound_bind(probe, &form->addr) == 0;
		(void)fchown(*guard, geteuid(), (gid_t)-1);
	}
	bsock_bound_close(&probe);
	return lonely;
}

/*
 * Connected to a peer that never sends, the guard of one address gets
 * nothing and still keeps others off.  Connecting would narrow a wildcard:
 * there the service's socket steps to the front instead.
 */
bool
bsock_guard_retreat(const struct bsock_addr *key, int guard)
{
	struct bsock_addr peer = *key;
	struct sockaddr_storage ss;
	socklen_t len;

	if (bsock_addr_is_wildcard(key))
		return true;
	peer.port = key->port == SILENT_PORT ? SILENT_PORT + 1 : SILENT_PORT;
	len = bsock_addr_to_sockaddr(&peer, &ss);
	return connect(guard, (const struct sockaddr *)&ss, len) == 0;
}

/*
 * Of sockets that match a datagram equally well the kernel takes the one that
 * was hashed last.  Connected and disconnected, a wildcard socket is, and has
 * left the group in which the guard would have a share as well.
 */
static void
step_forward(int fd, const struct bsock_addr *addr)
{
	struct bsock_addr peer = *addr;
	struct sockaddr_storage ss;
	socklen_t len;

	peer.port = SILENT_PORT;
	if (addr->family == AF_INET) {
		peer.host[0] = 127;
		peer.host[3] = 1;
	} else {
		peer.host[15] = 1;
	}
	len = bsock_addr_to_sockaddr(&peer, &ss);
	if (connect(fd, (const struct sockaddr *)&ss, len) == 0)
		(void)bsock_bound_disconnect(fd);
}

/*
 * ::ffff:0.0.0.0 would stay narrowed.  Its guard becomes one on ::, of another
 * group, and after it in the kernel's list.
 */
static void
replace_guard(const struct bsock_bound_form *form, int *guard)
{
	struct bsock_bound_form all = *form;
	int fd = -1;

	memset(all.addr.host, 0, sizeof(all.addr.host));
	all.v6only = 0;
	if (bsock_bound_make(&all, BSOCK_BOUND_REUSEPORT, &fd) != 0)
		return;
	bsock_bound_close(guard);
	*guard = fd;
}

static void
come_first(const struct bsock_bound_form *form, int *guard, int fd)
{
	struct bsock_addr key;

	bsock_addr_key(&form->addr, &key);
	if (!bsock_addr_is_wildcard(&key))
		(void)bsock_guard_retreat(&key, *guard);
	else if (key.family == form->addr.family)
		step_forward(fd, &key);
	else
		replace_guard(form, guard);
}

int
bsock_guard_service(const struct bsock_bound_form *form, int *guard, int *fd)
{
	bool stream = is_stream(&form->addr);
	int error = bsock_bound_make(form, BSOCK_BOUND_REUSEPORT, fd);

	/* Harmless beside the guard: see take_stream(). */
	if (error == EADDRINUSE && stream)
		error = bsock_bound_make(
		    form, BSOCK_BOUND_REUSEADDR | BSOCK_BOUND_REUSEPORT, fd);
	if (error == 0 && !stream)
		come_first(form, guard, *fd);
	return error;
}

#else /* one socket alone */

int
bsock_guard_take(const struct bsock_bound_form *form, int *guard, bool *exposed)
{
	(void)form;
	(void)guard;
	*exposed = false;
	return ENOSYS;
}

int
bsock_guard_join(const struct bsock_bound_form *form, int *guard)
{
	(void)form;
	(void)guard;
	return ENOSYS;
}

bool
bsock_guard_is_lonely(int *guard, const struct bsock_bound_form *form)
{
	(void)guard;
	(void)form;
	return false;
}

bool
bsock_guard_retreat(const struct bsock_addr *key, int guard)
{
	(void)key;
	(void)guard;
	return true;
}

int
bsock_guard_service(const struct bsock_bound_form *form, int *guard, int *fd)
{
	(void)guard;
	return bsock_bound_make(form, 0, fd);
}

#endif
