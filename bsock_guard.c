/*
 * bsock_guard - the sockets that hold a reserved address, one call each
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_guard.h"

#include <sys/stat.h>

#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "bsock_compat.h"

/* An interface that does not exist: a socket bound to it gets nothing. */
#define NOWHERE INT_MAX

/* A uid for a moment, of sockets that are told from all others. */
#define NOBODY_EVER ((uid_t)INT_MAX)

/* UDP: nobody can send from it but root, and root has no reason to. */
#define SILENT_PORT 1

static int
get(int fd, int level, int name, int otherwise)
{
	int value = otherwise;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) != 0 ||
	    len != sizeof(value))
		return otherwise;
	return value;
}

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static bool
is_inet(const struct bsock_addr *addr)
{
	return addr->family == AF_INET || addr->family == AF_INET6;
}

static bool
is_stream(const struct bsock_addr *addr)
{
	return addr->socktype == SOCK_STREAM;
}

bool
bsock_guard_serves(const struct bsock_addr *key)
{
	if (!HAVE_GUARD || !is_inet(key))
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

/* The interface that fd is bound to, or 0. */
static int
device_of(int fd)
{
#ifdef SO_BINDTOIFINDEX
	return get(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0);
#else
	(void)fd;
	return 0;
#endif
}

void
bsock_guard_form_of(
    struct bsock_guard_form *form, const struct bsock_addr *addr, int fd)
{
	form->addr = *addr;
	form->v6only = -1;
	form->device = (int)addr->scope;
	if (fd < 0)
		return;
	/* Bound to one address, a socket is of one family by itself. */
	if (addr->family == AF_INET6 && bsock_addr_is_wildcard(addr))
		form->v6only = get(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (form->device == 0)
		form->device = device_of(fd);
}

/* An unbound socket of that form; the errno value is in *error. */
static int
make(const struct bsock_guard_form *form, int *error)
{
	const struct bsock_addr *addr = &form->addr;
	int fd = bsock_compat_socket(addr->family, (int)addr->socktype,
	    addr->family == AF_UNIX ? 0 : (int)addr->protocol);

	*error = fd < 0 ? errno : 0;
	if (fd < 0 || addr->family != AF_INET6 || form->v6only < 0)
		return fd;
	if (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, form->v6only) != 0) {
		*error = errno;
		bsock_guard_close(&fd);
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

/* Whether the address is there yet or not. */
static int
free_bind(int fd, const struct bsock_addr *addr)
{
	int error = try_bind(fd, addr);

	if (error != EADDRNOTAVAIL || !is_inet(addr))
		return error;
#ifdef IP_FREEBIND
	(void)set(fd, IPPROTO_IP, IP_FREEBIND, 1);
#endif
#ifdef IPV6_FREEBIND
	if (addr->family == AF_INET6)
		(void)set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
#endif
	return try_bind(fd, addr);
}

/* make and bind; the options are set between the two. */
static int
make_bound(const struct bsock_guard_form *form, bool reuseaddr, bool reuseport,
    int *out)
{
	int error, fd = make(form, &error);

	if (fd < 0)
		return error;
	if (reuseaddr)
		(void)set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
#if HAVE_GUARD
	if (reuseport)
		(void)set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#else
	(void)reuseport;
#endif
	error = free_bind(fd, &form->addr);
	if (error != 0) {
		bsock_guard_close(&fd);
		return error;
	}
	*out = fd;
	return 0;
}

int
bsock_guard_alone(const struct bsock_guard_form *form, bool reuse, int *fd)
{
	return make_bound(form, reuse, false, fd);
}

bool
bsock_guard_matches(int kept, const struct bsock_guard_form *form)
{
	const struct bsock_addr *addr = &form->addr;

#if HAVE_SO_DOMAIN
	if (get(kept, SOL_SOCKET, SO_DOMAIN, -1) != (int)addr->family)
		return false;
#endif
#if HAVE_SO_PROTOCOL
	if (is_inet(addr) &&
	    get(kept, SOL_SOCKET, SO_PROTOCOL, -1) != (int)addr->protocol)
		return false;
#endif
	if (addr->family == AF_INET6 && form->v6only >= 0 &&
	    get(kept, IPPROTO_IPV6, IPV6_V6ONLY, 0) != form->v6only)
		return false;
	return device_of(kept) == form->device;
}

bool
bsock_guard_key_of(int fd, struct bsock_addr *key)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	int protocol = 0;

#if HAVE_SO_PROTOCOL
	protocol = get(fd, SOL_SOCKET, SO_PROTOCOL, 0);
#endif
	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    bsock_addr_from_sockaddr(key, ss.ss_family,
		get(fd, SOL_SOCKET, SO_TYPE, -1),
		ss.ss_family == AF_UNIX ? 0 : protocol, &ss, len) != 0)
		return false;
	bsock_addr_key(key, key);
	return true;
}

bool
bsock_guard_belongs(int fd, const struct bsock_addr *key)
{
	struct bsock_addr now;

	if (!bsock_guard_key_of(fd, &now) || now.socktype != key->socktype ||
	    now.protocol != key->protocol)
		return false;
	if (key->family == AF_UNIX)
		return bsock_addr_equal(&now, key);
	return is_inet(&now) && now.port == key->port;
}

bool
bsock_guard_listening(int fd)
{
	return get(fd, SOL_SOCKET, SO_ACCEPTCONN, 0) != 0;
}

int
bsock_guard_listen(int fd)
{
	return listen(fd, INT_MAX) == 0 ? 0 : errno;
}

/* One socket alone: nothing is known of it but that it was bound. */
static bool
mend_alone(int kept, bool listened)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getpeername(kept, (struct sockaddr *)&ss, &len) == 0)
		return false;
#ifdef POLLRDHUP
	struct pollfd p = {.fd = kept, .events = POLLRDHUP};

	if (poll(&p, 1, 0) < 0 || (p.revents & POLLRDHUP) != 0)
		return false;
#endif
	return !listened || bsock_guard_listening(kept) ||
	       bsock_guard_listen(kept) == 0;
}

void
bsock_guard_close(int *fd)
{
	const struct linger none = {.l_onoff = 0};

	if (*fd < 0)
		return;
	/* A listener never lingers, and its holder may want the option. */
	if (!bsock_guard_listening(*fd))
		(void)setsockopt(
		    *fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)close(*fd);
	*fd = -1;
}

#if HAVE_GUARD

/*
 * Streams: SO_REUSEPORT from the start, so that a guard can be taken beside
 * services that a dead daemon has left running.  Where connections of a
 * holder from before bsock linger, only SO_REUSEADDR helps; it is taken back
 * at once, since from then on nobody else gets in.
 */
static int
take_stream(const struct bsock_guard_form *form, int *guard, bool *exposed)
{
	int error = make_bound(form, false, true, guard);

	if (error != EADDRINUSE)
		return error;
	error = make_bound(form, true, true, guard);
	if (error == 0) {
		(void)set(*guard, SOL_SOCKET, SO_REUSEADDR, 0);
		*exposed = true;
	}
	return error;
}

/*
 * The form of a datagram guard.  The kernel prefers an AF_INET socket to an
 * AF_INET6 one for IPv4, so the guard of 0.0.0.0 is ::ffff:0.0.0.0.
 */
static struct bsock_guard_form
datagram_form(const struct bsock_guard_form *form)
{
	struct bsock_guard_form guard = *form;

	if (form->addr.family != AF_INET ||
	    !bsock_addr_is_wildcard(&form->addr))
		return guard;
	guard.addr.family = AF_INET6;
	guard.addr.host[10] = guard.addr.host[11] = 0xff;
	guard.v6only = 0;
	return guard;
}

/* Alone on the address, or (reuseport) beside other sockets of ours. */
static int
bind_datagram(const struct bsock_guard_form *form, bool reuseport, int *guard)
{
	const struct bsock_guard_form best = datagram_form(form);
	int error = make_bound(&best, false, reuseport, guard);

	if (error == EAFNOSUPPORT)
		error = make_bound(form, false, reuseport, guard);
	if (error != 0)
		return error;
	/* Only now may others join; and what it gets takes no memory. */
	(void)set(*guard, SOL_SOCKET, SO_REUSEPORT, 1);
	(void)set(*guard, SOL_SOCKET, SO_RCVBUF, 0);
	(void)bsock_guard_retreat(&form->addr, *guard);
	return 0;
}

int
bsock_guard_take(const struct bsock_guard_form *form, int *guard, bool *exposed)
{
	*exposed = false;
	if (is_stream(&form->addr))
		return take_stream(form, guard, exposed);
	return bind_datagram(form, false, guard);
}

int
bsock_guard_join(const struct bsock_guard_form *form, int *guard)
{
	return bind_datagram(form, true, guard);
}

/*
 * Of all sockets on the address only the guard is given to a uid that nobody
 * has: another socket of that uid can be bound beside it, and not beside
 * any other.  The kernel believes the first of its list that allows the
 * bind, so the guard must be last: AF_INET6 sockets are put at the end.
 */
bool
bsock_guard_is_lonely(int *guard, const struct bsock_guard_form *form)
{
	int error, fresh = -1, probe = -1;
	bool lonely = false;

	if (!is_stream(&form->addr) &&
	    get(*guard, SOL_SOCKET, SO_DOMAIN, -1) == AF_INET6) {
		if (bind_datagram(form, true, &fresh) != 0)
			return false;
		bsock_guard_close(guard);
		*guard = fresh;
	}
	probe = make(form, &error);
	if (probe < 0)
		return false;
	if (set(probe, SOL_SOCKET, SO_REUSEPORT, 1) == 0 &&
	    fchown(probe, NOBODY_EVER, (gid_t)-1) == 0 &&
	    fchown(*guard, NOBODY_EVER, (gid_t)-1) == 0) {
		lonely = free_bind(probe, &form->addr) == 0;
		(void)fchown(*guard, geteuid(), (gid_t)-1);
	}
	bsock_guard_close(&probe);
	return lonely;
}

bool
bsock_guard_shares(int fd)
{
	return fd >= 0 && get(fd, SOL_SOCKET, SO_REUSEPORT, 0) != 0;
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

static bool
disconnect(int fd)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	return connect(fd, &none, sizeof(none)) == 0;
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
		(void)disconnect(fd);
}

/*
 * ::ffff:0.0.0.0 would stay narrowed.  Its guard becomes one on ::, of another
 * group, and after it in the kernel's list.
 */
static void
replace_guard(const struct bsock_guard_form *form, int *guard)
{
	struct bsock_guard_form all = *form;
	int fd = -1;

	memset(all.addr.host, 0, sizeof(all.addr.host));
	all.v6only = 0;
	if (make_bound(&all, false, true, &fd) != 0)
		return;
	bsock_guard_close(guard);
	*guard = fd;
}

static void
come_first(const struct bsock_guard_form *form, int *guard, int fd)
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
bsock_guard_service(const struct bsock_guard_form *form, int *guard, int *fd)
{
	bool stream = is_stream(&form->addr);
	int error = make_bound(form, false, true, fd);

	/* Harmless beside the guard: see take_stream(). */
	if (error == EADDRINUSE && stream)
		error = make_bound(form, true, true, fd);
	if (error == 0 && !stream)
		come_first(form, guard, *fd);
	return error;
}

/* Is it still bound where it was, and open in both directions? */
static bool
as_bound(int fd, const struct bsock_addr *addr)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	struct bsock_addr now, was;

	if (poll(&p, 1, 0) < 0 || (p.revents & POLLRDHUP) != 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    bsock_addr_from_sockaddr(&now, ss.ss_family, (int)addr->socktype,
		(int)addr->protocol, &ss, len) != 0)
		return false;
	bsock_addr_key(&now, &now);
	bsock_addr_key(addr, &was);
	return bsock_addr_equal(&now, &was);
}

static bool
has_peer(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getpeername(fd, (struct sockaddr *)&ss, &len) == 0;
}

/* Neither connected nor on its way: TCP states other than CLOSE. */
static bool
is_idle(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return !has_peer(fd);
	return info.tcpi_state == TCP_CLOSE;
}

/* What is left on a description by earlier holders, and not readable. */
static bool
clean(int fd)
{
	if (get(fd, SOL_SOCKET, SO_LOCK_FILTER, 0) != 0)
		return false; /* cannot be undone by anybody */
	(void)set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
	(void)get(fd, SOL_SOCKET, SO_ERROR, 0);
	/* Without it the next listen(2) fails beside the guard. */
	return set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0;
}

bool
bsock_guard_mend(int kept, const struct bsock_addr *addr, bool listened)
{
	bool stream = is_stream(addr);

	if (!bsock_guard_serves(addr))
		return mend_alone(kept, listened);
	if (!clean(kept))
		return false;
	if (stream && bsock_guard_listening(kept))
		return true;
	if (stream && !is_idle(kept))
		return false;
	if ((!as_bound(kept, addr) || (!stream && has_peer(kept))) &&
	    !(disconnect(kept) && as_bound(kept, addr)))
		return false;
	return !listened || bsock_guard_listen(kept) == 0;
}

void
bsock_guard_queue(int fd, unsigned *queue, unsigned *limit)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	*queue = *limit = 0;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return;
	*queue = info.tcpi_unacked; /* tcp(7) says what these mean in LISTEN */
	*limit = info.tcpi_sacked;
}

/*
 * shutdown(2) ends the listening; after that, the copy with the other uid
 * may not listen beside the guard any more.  What of an MPTCP socket listens
 * is inside and keeps the daemon's uid: it is sent to an interface where
 * nothing arrives, from which only CAP_NET_RAW could free it.
 */
bool
bsock_guard_evict(int kept, uid_t uid)
{
	bool mptcp = false;

	(void)shutdown(kept, SHUT_RDWR);
#if HAVE_SO_PROTOCOL
	mptcp = get(kept, SOL_SOCKET, SO_PROTOCOL, -1) == IPPROTO_MPTCP;
#endif
	if (!mptcp && uid != geteuid() && fchown(kept, uid, (gid_t)-1) == 0)
		return true;
#ifdef SO_BINDTOIFINDEX
	if (set(kept, SOL_SOCKET, SO_BINDTOIFINDEX, NOWHERE) == 0)
		return true;
#endif
	return false;
}

#else /* one socket alone */

int
bsock_guard_take(const struct bsock_guard_form *form, int *guard, bool *exposed)
{
	(void)form;
	(void)guard;
	*exposed = false;
	return ENOSYS;
}

bool
bsock_guard_retreat(const struct bsock_addr *key, int guard)
{
	(void)key;
	(void)guard;
	return true;
}

int
bsock_guard_service(const struct bsock_guard_form *form, int *guard, int *fd)
{
	(void)guard;
	return bsock_guard_alone(form, false, fd);
}

bool
bsock_guard_mend(int kept, const struct bsock_addr *addr, bool listened)
{
	(void)addr;
	return mend_alone(kept, listened);
}

int
bsock_guard_join(const struct bsock_guard_form *form, int *guard)
{
	(void)form;
	(void)guard;
	return ENOSYS;
}

bool
bsock_guard_is_lonely(int *guard, const struct bsock_guard_form *form)
{
	(void)guard;
	(void)form;
	return false;
}

bool
bsock_guard_shares(int fd)
{
	(void)fd;
	return false;
}

void
bsock_guard_queue(int fd, unsigned *queue, unsigned *limit)
{
	(void)fd;
	*queue = *limit = 0;
}

bool
bsock_guard_evict(int kept, uid_t uid)
{
	(void)kept;
	(void)uid;
	return false;
}

#endif
