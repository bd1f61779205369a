/*
 * bsock_run_kin - whose child is that process?
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_kin.h"

#include "bsock_compat.h"
#include "bsock_fdpass.h"

#if HAVE_NOTIFY

#include <sys/syscall.h>

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 256 /* of a tree of processes */

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* The fourth field of proc(5) stat; the second may hold anything. */
pid_t
bsock_run_kin_parent(pid_t pid)
{
	char path[64], text[512];
	const char *end;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (end == NULL || strlen(end) < 5)
		return -1;
	return (pid_t)strtol(end + 4, NULL, 10); /* ") S ppid" */
}

/* The pids from pid up to root; 0 when it does not lead there. */
static size_t
ancestry(pid_t pid, pid_t root, pid_t chain[DEPTH_MAX])
{
	size_t n = 0;

	while (n < DEPTH_MAX) {
		chain[n++] = pid;
		if (pid == root)
			return n;
		if (pid <= 1)
			return 0;
		pid = bsock_run_kin_parent(pid);
	}
	return 0;
}

/* The peer's pidfd; where the kernel has none to give (before 6.5), one of
 * the process that has its pid now. */
static int
open_peer(int conn, pid_t pid)
{
	int pidfd = -1;
	socklen_t len = sizeof(pidfd);

	if (getsockopt(conn, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0)
		return pidfd;
	if (errno != ENOPROTOOPT)
		return -1;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool
is_alive(int pidfd)
{
	return bsock_fdpass_look(pidfd, POLLIN) == 0;
}

/*
 * A pid in the chain may be used again while we look: then its children have
 * got another parent, and the second look sees another chain.  The peer is
 * alive at the end, so its pid was its own all the time.
 */
bool
bsock_run_kin_descends(int conn, pid_t pid, pid_t root)
{
	static pid_t first[DEPTH_MAX], second[DEPTH_MAX];
	int pidfd = open_peer(conn, pid);
	size_t n;
	bool same;

	if (pidfd < 0)
		return false;
	n = ancestry(pid, root, first);
	same = n > 0 && ancestry(pid, root, second) == n &&
	       memcmp(first, second, n * sizeof(first[0])) == 0 &&
	       is_alive(pidfd);
	(void)close(pidfd);
	return same;
}

#endif
