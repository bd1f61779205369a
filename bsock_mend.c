/*
 * bsock_mend - undo what a holder did to a kept socket
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_mend.h"

#include <sys/stat.h>

#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "bsock_bound.h"
#include "bsock_compat.h"
#include "bsock_fdpass.h"
#include "bsock_guard.h"

/* An interface that does not exist: a socket bound to it gets nothing. */
#define NOWHERE INT_MAX

static bool
has_peer(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getpeername(fd, (struct sockaddr *)&ss, &len) == 0;
}

/* Was it shut down for reading (or can that not be told)? */
static bool
is_shut(int fd)
{
#ifdef POLLRDHUP
	int now = bsock_fdpass_look(fd, POLLRDHUP);

	return now < 0 || (now & POLLRDHUP) != 0;
#else
	(void)fd;
	return false;
#endif
}

/* One socket alone: nothing is known of it but that it was bound. */
static bool
mend_alone(int kept, bool listened)
{
	if (has_peer(kept) || is_shut(kept))
		return false;
	return !listened || bsock_bound_listening(kept) ||
	       bsock_bound_listen(kept) == 0;
}

#if HAVE_GUARD

/* Is it still bound where it was, and open in both directions? */
static bool
as_bound(int fd, const struct bsock_addr *addr)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	struct bsock_addr now, was;

	if (is_shut(fd) || getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    bsock_addr_from_sockaddr(&now, ss.ss_family, (int)addr->socktype,
		(int)addr->protocol, &ss, len) != 0)
		return false;
	bsock_addr_key(&now, &now);
	bsock_addr_key(addr, &was);
	return bsock_addr_equal(&now, &was);
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
	if (bsock_bound_get(fd, SOL_SOCKET, SO_LOCK_FILTER, 0) != 0)
		return false; /* cannot be undone by anybody */
	(void)bsock_bound_set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
	(void)bsock_bound_get(fd, SOL_SOCKET, SO_ERROR, 0);
	/* Without it the next listen(2) fails beside the guard. */
	return bsock_bound_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0;
}

bool
bsock_mend_kept(int kept, const struct bsock_addr *addr, bool listened)
{
	bool stream = addr->socktype == SOCK_STREAM;

	if (!bsock_guard_serves(addr))
		return mend_alone(kept, listened);
	if (!clean(kept))
		return false;
	if (stream && bsock_bound_listening(kept))
		return true;
	if (stream && !is_idle(kept))
		return false;
	if ((!as_bound(kept, addr) || (!stream && has_peer(kept))) &&
	    !(bsock_bound_disconnect(kept) && as_bound(kept, addr)))
		return false;
	return !listened || bsock_bound_listen(kept) == 0;
}

/*
 * shutdown(2) ends the listening; after that, the copy with the other uid
 * may not listen beside the guard any more.  What of an MPTCP socket listens
 * is inside and keeps the daemon's uid: it is sent to an interface where
 * nothing arrives, from which only CAP_NET_RAW could free it.
 */
bool
bsock_mend_evict(int kept, uid_t uid)
{
	bool mptcp = false;

	(void)shutdown(kept, SHUT_RDWR);
#if HAVE_SO_PROTOCOL
	mptcp =
	    bsock_bound_get(kept, SOL_SOCKET, SO_PROTOCOL, -1) == IPPROTO_MPTCP;
#endif
	if (!mptcp && uid != geteuid() && fchown(kept, uid, (gid_t)-1) == 0)
		return true;
#ifdef SO_BINDTOIFINDEX
	if (bsock_bound_set(kept, SOL_SOCKET, SO_BINDTOIFINDEX, NOWHERE) == 0)
		return true;
#endif
	return false;
}

#else /* one socket alone */

bool
bsock_mend_kept(int kept, const struct bsock_addr *addr, bool listened)
{
	(void)addr;
	return mend_alone(kept, listened);
}

bool
bsock_mend_evict(int kept, uid_t uid)
{
	(void)kept;
	(void)uid;
	return false;
}

#endif
