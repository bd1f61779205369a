/*
 * bsock_signals - what wakes the main thread
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "bsock_compat.h"

/* Set by the signal handler, which writes a byte to wake as well. */
static volatile sig_atomic_t pending[BSOCK_SIGNALS_REQUESTS];
static int wake[2] = {-1, -1};

static void
on_signal(int signum)
{
	int saved = errno;
	ssize_t n;

	if (signum == SIGHUP)
		pending[BSOCK_SIGNALS_RELOAD] = 1;
	else if (signum == SIGUSR2)
		pending[BSOCK_SIGNALS_UPGRADE] = 1;
	else
		pending[BSOCK_SIGNALS_END] = 1;
	n = write(wake[1], "", 1);
	(void)n; /* a full pipe wakes as well */
	errno = saved;
}

static void
main_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGUSR2);
}

void
bsock_signals_block(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, NULL);
}

int
bsock_signals_catch(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	if (bsock_compat_pipe(wake) != 0)
		return -1;
	(void)sigaction(SIGHUP, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGUSR2, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	return 0;
}

int
bsock_signals_wake_fd(void)
{
	return wake[1];
}

void
bsock_signals_wait(int fd, int timeout)
{
	struct pollfd polls[2] = {
	    {.fd = wake[0], .events = POLLIN},
	    {.fd = fd, .events = POLLIN},
	};
	char buf[256];
	sigset_t set;

	main_signals(&set);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)poll(polls, 2, timeout);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (read(wake[0], buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		;
}

bool
bsock_signals_pending(enum bsock_signals_request request)
{
	return pending[request] != 0;
}

void
bsock_signals_clear(enum bsock_signals_request request)
{
	pending[request] = 0;
}
