/*
 * bsock_run_fds - who goes on in the background holds nothing of its caller's
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_fds.h"

#include "bsock_compat.h"

#if HAVE_NOTIFY

#include <sys/syscall.h>

void
bsock_run_fds_let_go(int from, int to)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = from; null >= 0 && fd <= to; fd++)
		(void)dup2(null, fd);
	if (null > to)
		(void)close(null);
}

void
bsock_run_fds_keep_only(int *fds[], size_t n)
{
	int next = 3;

	for (size_t i = 0; i < n; i++) {
		int high =
		    *fds[i] < 0 ? -1 : fcntl(*fds[i], F_DUPFD_CLOEXEC, 3 + n);

		*fds[i] = high;
	}
	for (size_t i = 0; i < n; i++)
		if (*fds[i] >= 0)
			*fds[i] = dup3(*fds[i], next++, O_CLOEXEC);
	(void)syscall(SYS_close_range, next, ~0U, 0);
}

#endif
