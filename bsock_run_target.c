/*
 * bsock_run_target - a program that waits in bind(2), looked at from outside
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_target.h"

#include "bsock_compat.h"

#if HAVE_NOTIFY

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/seccomp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

bool
bsock_run_target_waits(const struct bsock_run_target *t)
{
	uint64_t id = t->id;

	return ioctl(t->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int
open_proc(const struct bsock_run_target *t, const char *file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", t->pid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool
read_memory(
    const struct bsock_run_target *t, uint64_t from, void *to, size_t size)
{
	struct iovec local = {.iov_base = to, .iov_len = size};
	struct iovec remote = {.iov_len = size};
	uintptr_t there; /* an address of the other process */
	ssize_t n;
	int fd;

	if (from > UINTPTR_MAX)
		return false;
	there = (uintptr_t)from;
	memcpy(&remote.iov_base, &there, sizeof(remote.iov_base));
	n = process_vm_readv((pid_t)t->pid, &local, 1, &remote, 1, 0);
	if (n < 0 && errno == ENOSYS && from <= INT64_MAX &&
	    (fd = open_proc(t, "mem")) >= 0) {
		n = pread(fd, to, size, (off_t)from);
		(void)close(fd);
	}
	return n == (ssize_t)size;
}

bool
bsock_run_target_arguments(struct bsock_run_target *t)
{
	uint32_t args[3];

	if (!t->call.indirect)
		return true;
	if (!read_memory(t, t->call.addr, args, sizeof(args)))
		return false;
	t->call.fd = (int)args[0];
	t->call.addr = args[1];
	t->call.len = args[2];
	return true;
}

bool
bsock_run_target_address(struct bsock_run_target *t)
{
	if (t->call.len < sizeof(sa_family_t) || t->call.len > sizeof(t->addr))
		return false;
	t->addrlen = (socklen_t)t->call.len;
	return read_memory(t, t->call.addr, &t->addr, t->addrlen);
}

/* The number behind a name in a file of proc(5); -1: cannot be found out. */
static long
read_number(const struct bsock_run_target *t, const char *file,
    const char *name, int base)
{
	char text[1024];
	int fd = open_proc(t, file);
	const char *at = NULL;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n > 0) {
		text[n] = '\0';
		at = strstr(text, name);
	}
	return at != NULL ? strtol(at + strlen(name), NULL, base) : -1;
}

/* Where pidfds are of processes only, the thread's process. */
static int
open_pidfd(const struct bsock_run_target *t)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)t->pid, PIDFD_THREAD);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_pidfd_open,
		    (pid_t)read_number(t, "status", "\nTgid:", 10), 0);
	return fd;
}

int
bsock_run_target_socket(const struct bsock_run_target *t)
{
	int pidfd = open_pidfd(t);
	int sock = -1, error;

	if (pidfd < 0)
		return -1;
	/* The number may have become somebody else's before we opened it. */
	if (bsock_run_target_waits(t))
		sock = (int)syscall(SYS_pidfd_getfd, pidfd, t->call.fd, 0);
	error = errno;
	(void)close(pidfd);
	errno = error;
	return sock;
}

bool
bsock_run_target_is_cloexec(const struct bsock_run_target *t)
{
	char file[32];
	long flags;

	(void)snprintf(file, sizeof(file), "fdinfo/%d", t->call.fd);
	flags = read_number(t, file, "flags:", 8);
	return flags != -1 && (flags & O_CLOEXEC) != 0;
}

#endif
