/*
 * bsock_keeper - the daemon's copy of a claimed socket, and who claimed it
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_keeper.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "bsock_bound.h"
#include "bsock_clock.h"
#include "bsock_compat.h"

#if HAVE_GUARD
#include <sys/epoll.h>
#endif
#if HAVE_PIDFD
#include <sys/syscall.h>
#endif
#if HAVE_PIDFD && !defined(SO_PEERPIDFD)
#define SO_PEERPIDFD 77
#endif

#define FIRST_PAUSE   2 /* milliseconds; services listen right after bind */
#define LONGEST_PAUSE 1000

/* Made before the first thread, never changed after. */
static int watch_fd = -1;
static int nudge_fds[2] = {-1, -1}; /* a pipe */

static atomic_uint_fast64_t serials;

void
bsock_keeper_init(struct bsock_keeper *keeper)
{
	memset(keeper, 0, sizeof(*keeper));
	keeper->fd = keeper->process = -1;
}

uint64_t
bsock_keeper_serial(void)
{
	struct timespec t;
	uint64_t serial = atomic_fetch_add(&serials, 1);

	if (serial != 0)
		return serial + 1;
	/* The first one: from the time on, in microseconds. */
	(void)clock_gettime(CLOCK_REALTIME, &t);
	serial = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	atomic_store(&serials, serial);
	return serial;
}

void
bsock_keeper_nudge(void)
{
	ssize_t n;

	if (nudge_fds[1] < 0)
		return;
	n = write(nudge_fds[1], "", 1);
	(void)n; /* a full pipe wakes as well */
}

#if HAVE_GUARD

void
bsock_keeper_want_nudges(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	if (nudge_fds[0] < 0 && bsock_compat_pipe(nudge_fds) == 0)
		(void)epoll_ctl(bsock_keeper_watch_fd(), EPOLL_CTL_ADD,
		    nudge_fds[0], &event);
}

int
bsock_keeper_watch_fd(void)
{
	if (watch_fd < 0)
		watch_fd = epoll_create1(EPOLL_CLOEXEC);
	return watch_fd;
}

size_t
bsock_keeper_ready(void **owners, size_t max)
{
	struct epoll_event events[64];
	char bytes[256];
	int n;

	if (max > sizeof(events) / sizeof(events[0]))
		max = sizeof(events) / sizeof(events[0]);
	if (watch_fd < 0)
		return 0;
	n = epoll_wait(watch_fd, events, (int)max, 0);
	for (int i = 0; i < n; i++) {
		owners[i] = events[i].data.ptr;
		if (owners[i] == NULL)
			while (read(nudge_fds[0], bytes, sizeof(bytes)) ==
			       (ssize_t)sizeof(bytes))
				;
	}
	return n < 0 ? 0 : (size_t)n;
}

/*
 * Edges of EPOLLHUP only: a socket that leaves LISTEN, or is added or added
 * again outside of it, wakes the main thread; connections and datagrams that
 * arrive do not.
 */
static void
watch(struct bsock_keeper *keeper, void *owner)
{
	struct epoll_event event = {.events = EPOLLET, .data.ptr = owner};

	if (epoll_ctl(watch_fd, keeper->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		keeper->fd, &event) == 0)
		keeper->watched = true;
}

static void
watch_process(struct bsock_keeper *keeper, void *owner)
{
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLET, .data.ptr = owner};

	if (keeper->process >= 0)
		(void)epoll_ctl(
		    watch_fd, EPOLL_CTL_ADD, keeper->process, &event);
}

/* Others may hold copies, so close(2) alone would leave it in the set. */
static void
unwatch(struct bsock_keeper *keeper)
{
	if (keeper->watched)
		(void)epoll_ctl(watch_fd, EPOLL_CTL_DEL, keeper->fd, NULL);
	keeper->watched = false;
}

#else

void
bsock_keeper_want_nudges(void)
{
}

int
bsock_keeper_watch_fd(void)
{
	return watch_fd;
}

size_t
bsock_keeper_ready(void **owners, size_t max)
{
	(void)owners;
	(void)max;
	return 0;
}

static void
watch(struct bsock_keeper *keeper, void *owner)
{
	(void)keeper;
	(void)owner;
}

static void
watch_process(struct bsock_keeper *keeper, void *owner)
{
	(void)keeper;
	(void)owner;
}

static void
unwatch(struct bsock_keeper *keeper)
{
	(void)keeper;
}

#endif

/* A descriptor for the process at the other end of conn, or -1. */
static int
open_process(int conn, pid_t pid)
{
	int fd = -1;
#if HAVE_PIDFD
	socklen_t len = sizeof(fd);

	if (getsockopt(conn, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) == 0)
		return bsock_compat_cloexec(fd);
	/* Before Linux 6.5: right unless the pid has changed hands. */
	fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
#else
	(void)conn;
	(void)pid;
#endif
	return bsock_compat_cloexec(fd);
}

static void
forget_process(struct bsock_keeper *keeper)
{
	if (keeper->process >= 0)
		(void)close(keeper->process);
	keeper->process = -1;
}

static bool
has_ended(int process)
{
	return bsock_fdpass_look(process, POLLIN) > 0;
}

void
bsock_keeper_keep(struct bsock_keeper *keeper, int fd)
{
	keeper->fd = fd;
	keeper->socket_serial = bsock_keeper_serial();
	keeper->listened = keeper->raised = false;
}

void
bsock_keeper_claimed(struct bsock_keeper *keeper, const struct bsock_peer *peer,
    const struct bsock_authz_principal *who, int conn, void *owner)
{
	int process = open_process(conn, peer->pid);

	keeper->peer = *peer;
	keeper->who = *who;
	keeper->claimed = true;
	keeper->claims++;
	bsock_keeper_adopt(keeper, process, owner);
}

void
bsock_keeper_adopt(struct bsock_keeper *keeper, int process, void *owner)
{
	forget_process(keeper);
	keeper->process = process;
	keeper->gone = keeper->raised = false;
	keeper->latest = bsock_clock_now();
	keeper->claim_serial = bsock_keeper_serial();
	keeper->pause = FIRST_PAUSE;
	watch(keeper, owner);
	watch_process(keeper, owner);
	bsock_keeper_nudge();
}

bool
bsock_keeper_is_gone(struct bsock_keeper *keeper)
{
	if (!keeper->claimed)
		return true;
	if (!keeper->gone && keeper->process >= 0 &&
	    has_ended(keeper->process)) {
		keeper->gone = true;
		forget_process(keeper);
	}
	return keeper->gone;
}

/*
 * While that process lives nobody else has its pid; the number is enough.
 */
bool
bsock_keeper_is_claimant(
    struct bsock_keeper *keeper, const struct bsock_peer *peer)
{
	return keeper->process >= 0 && peer->pid > 0 &&
	       peer->pid == keeper->peer.pid && peer->uid == keeper->peer.uid &&
	       !bsock_keeper_is_gone(keeper);
}

void
bsock_keeper_look(struct bsock_keeper *keeper)
{
	bool gone = bsock_keeper_is_gone(keeper);
	bool listening = bsock_bound_listening(keeper->fd);

	if (listening)
		keeper->listened = true;
	if (keeper->listened && (!listening || (gone && !keeper->raised)) &&
	    bsock_bound_listen(keeper->fd) == 0)
		keeper->raised = gone;
	/* Nothing tells when it starts to listen, so look again. */
	if (keeper->listened || gone)
		keeper->pause = 0;
	else if (keeper->pause < LONGEST_PAUSE)
		keeper->pause = keeper->pause < LONGEST_PAUSE / 2
				    ? keeper->pause * 2
				    : LONGEST_PAUSE;
}

void
bsock_keeper_drop(struct bsock_keeper *keeper)
{
	unwatch(keeper);
	bsock_bound_close(&keeper->fd);
	forget_process(keeper);
	keeper->claimed = false;
	keeper->pause = 0;
	keeper->socket_serial = keeper->claim_serial = 0;
	bsock_keeper_nudge();
}
