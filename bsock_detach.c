/*
 * bsock_detach - a command that returns once its daemon serves
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_detach.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_log.h"

/* Never returns. */
static void
wait_for_child(int pipe_fd)
{
	sigset_t all;
	char byte;
	ssize_t n;

	(void)sigfillset(&all);
	(void)pthread_sigmask(
	    SIG_UNBLOCK, &all, NULL); /* it can be interrupted */
	do
		n = read(pipe_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	exit(n == 1 ? 0 : 1);
}

int
bsock_detach(void)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0 || (pid = fork()) < 0) {
		bsock_log(
		    LOG_ERR, "cannot detach: %s", bsock_compat_strerror(errno));
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
		exit(1);
	}
	if (pid > 0) {
		(void)close(fds[1]);
		wait_for_child(fds[0]);
	}
	(void)close(fds[0]);
	(void)setsid();
	return bsock_compat_cloexec(fds[1]);
}

void
bsock_detach_done(int pipe_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ssize_t n;

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		(void)close(null);
	n = write(pipe_fd, "", 1);
	(void)n; /* the parent is gone: nobody waits */
	(void)close(pipe_fd);
}
