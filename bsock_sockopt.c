/*
 * bsock_sockopt - make one socket indistinguishable from another
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_sockopt.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_sockopt_table.h"

struct value {
	socklen_t len;
	unsigned char bytes[VALUE_MAX];
};

static bool
get(int fd, const struct option *option, struct value *value)
{
	memset(value, 0, sizeof(*value));
	value->len = (socklen_t)option->size;
	if (getsockopt(fd, option->level, option->name, value->bytes,
		&value->len) != 0)
		return false;
	if (option->kind == STRING)
		value->len = (socklen_t)strnlen(
		    (const char *)value->bytes, option->size);
	return true;
}

static int
set_int(int fd, const struct option *option, int value)
{
	return setsockopt(
	    fd, option->level, option->name, &value, sizeof(value));
}

static bool
same(const struct value *a, const struct value *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int
as_int(const struct value *value)
{
	int i;

	memcpy(&i, value->bytes, sizeof(i));
	return i;
}

static void
set_linger_time(int fd, const struct option *option, const struct value *value)
{
	struct linger linger;

	memcpy(&linger, value->bytes, sizeof(linger));
	linger.l_onoff = 1;
	(void)setsockopt(
	    fd, option->level, option->name, &linger, sizeof(linger));
}

/* Returns false when to must not be used as it is. */
static bool
carry_option(int from, int to, const struct option *option)
{
	const int unset_mss = 536;
	struct value want, have;
	int r;

	if (option->kind == RESET) {
		(void)set_int(to, option, 0);
		return true;
	}
	/* What one of them does not know cannot differ. */
	if (!get(from, option, &want) || !get(to, option, &have))
		return true;
	if (option->kind != ALWAYS && same(&want, &have))
		return true;
	if (option->kind == LINGER)
		set_linger_time(to, option, &want);
	if (option->kind == MAXSEG && as_int(&want) == unset_mss)
		r = set_int(to, option, 0);
	else
		r = setsockopt(
		    to, option->level, option->name, want.bytes, want.len);
	if (r != 0 && option->kind == CLAMP)
		r = set_int(to, option, INT32_MAX);
	return r == 0 || option->kind != STRICT;
}

/*
 * The kernel doubles what is set, and ends autotuning there; only
 * SO_BUF_LOCK (since Linux 5.15) tells whether the program did set it.
 */
static void
carry_buffer(int from, int to, int name)
{
	int want, have;
	socklen_t len = sizeof(want);

	if (getsockopt(from, SOL_SOCKET, name, &want, &len) != 0 ||
	    getsockopt(to, SOL_SOCKET, name, &have, &len) != 0 || want == have)
		return;
#ifdef __linux__
	want /= 2;
#endif
	(void)setsockopt(to, SOL_SOCKET, name, &want, sizeof(want));
}

static void
carry_buffers(int from, int to)
{
#ifdef SO_BUF_LOCK
	int want, have;
	socklen_t len = sizeof(want);
	bool known =
	    getsockopt(from, SOL_SOCKET, SO_BUF_LOCK, &want, &len) == 0 &&
	    getsockopt(to, SOL_SOCKET, SO_BUF_LOCK, &have, &len) == 0;

	if (known && want == 0 && have == 0)
		return;
#endif
	carry_buffer(from, to, SO_RCVBUF);
	carry_buffer(from, to, SO_SNDBUF);
#ifdef SO_BUF_LOCK
	if (known)
		(void)setsockopt(
		    to, SOL_SOCKET, SO_BUF_LOCK, &want, sizeof(want));
#endif
}

#ifdef SO_ATTACH_FILTER

#include <linux/filter.h>

/* The number of instructions, 0 for no filter, -1 where it cannot be read. */
static int
filter_length(int fd)
{
	socklen_t n = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) != 0)
		return -1;
	return (int)n;
}

/* A filter can be 32 KiB, too much for the stack of some threads. */
static void
copy_filter(int from, int to, unsigned short n)
{
	socklen_t len = n;
	size_t size = n * sizeof(struct sock_filter);
	struct sock_fprog program = {.len = n};

	program.filter = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (program.filter == MAP_FAILED)
		return;
	if (getsockopt(from, SOL_SOCKET, SO_GET_FILTER, program.filter, &len) ==
	    0)
		(void)setsockopt(to, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		    sizeof(program));
	(void)munmap(program.filter, size);
}

/* Returns false when to has a filter that is locked (SO_LOCK_FILTER). */
static bool
carry_filter(int from, int to)
{
	int n = filter_length(from);
	int none = 0;

	if (filter_length(to) != 0 &&
	    setsockopt(to, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)) !=
		0 &&
	    errno != ENOENT)
		return false;
	if (n > 0)
		copy_filter(from, to, (unsigned short)n);
	return true;
}

static bool
carry_filter_lock(int from, int to)
{
	const struct option lock = INT(SOL_SOCKET, SO_LOCK_FILTER);
	struct value want, have;

	if (!get(from, &lock, &want) || !get(to, &lock, &have))
		return true;
	return same(&want, &have) || set_int(to, &lock, as_int(&want)) == 0;
}

#endif

/* Of whom SIGIO comes, and with which flags I/O is done. */
static int
carry_status(int from, int to)
{
	int flags = fcntl(from, F_GETFL);

	if (flags < 0)
		return -1;
	(void)fcntl(to, F_SETOWN, fcntl(from, F_GETOWN));
#ifdef F_SETSIG
	(void)fcntl(to, F_SETSIG, fcntl(from, F_GETSIG));
#endif
	return fcntl(to, F_SETFL, flags);
}

int
bsock_sockopt_carry(int from, int to)
{
	bool usable = true;

	if (carry_status(from, to) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!carry_option(from, to, &options[i]))
			usable = false;
	carry_buffers(from, to);
#ifdef SO_ATTACH_FILTER
	if (!carry_filter(from, to) || !carry_filter_lock(from, to))
		usable = false;
#endif
	if (usable)
		return 0;
	errno = EBUSY;
	return -1;
}
