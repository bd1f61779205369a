/*
 * bsock_preload_table - which sockets of this program are reserved ones
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "bsock_preload.h"

#define TABLE_SIZE 256
#define TABLE_WALK 8

/*
 * Their cookies, which the kernel never gives out twice: an entry for a
 * socket that is gone does no harm, so none is ever removed.  A full
 * neighbourhood forgets one of its own.
 */
static _Atomic uint64_t reserved[TABLE_SIZE];
static atomic_bool any_reserved;

static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
#ifdef SO_COOKIE
	socklen_t len = sizeof(cookie);
	int saved = errno;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) != 0)
		cookie = 0;
	errno = saved;
#else
	(void)fd;
#endif
	return cookie;
}

static _Atomic uint64_t *
table_slot(uint64_t cookie, unsigned i)
{
	uint64_t h = cookie * 0x9e3779b97f4a7c15u;

	return &reserved[((h >> 32) + i) % TABLE_SIZE];
}

void
bsock_preload_remember(int fd)
{
	uint64_t cookie = cookie_of(fd);

	if (cookie == 0)
		return;
	for (unsigned i = 0; i < TABLE_WALK; i++) {
		uint64_t have = 0;

		if (atomic_compare_exchange_strong(
			table_slot(cookie, i), &have, cookie) ||
		    have == cookie)
			goto out;
	}
	atomic_store(table_slot(cookie, 0), cookie);
out:
	atomic_store(&any_reserved, true);
}

bool
bsock_preload_is_reserved(int fd)
{
	uint64_t cookie;

	if (!atomic_load_explicit(&any_reserved, memory_order_relaxed))
		return false;
	cookie = cookie_of(fd);
	for (unsigned i = 0; cookie != 0 && i < TABLE_WALK; i++)
		if (atomic_load(table_slot(cookie, i)) == cookie)
			return true;
	return false;
}
