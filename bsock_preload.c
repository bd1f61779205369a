/*
 * bsock_preload - bind(2) that asks bsock where the kernel says no
 *
 * Everything that a call needs is settled in the constructor.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_preload.h"

#include <sys/syscall.h>

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static int
raw_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)syscall(SYS_bind, fd, addr, len);
}

static int
raw_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)syscall(SYS_connect, fd, addr, len);
}

static int
raw_shutdown(int fd, int how)
{
	return (int)syscall(SYS_shutdown, fd, how);
}

struct bsock_preload_real bsock_preload_real = {
    .bind = raw_bind,
    .connect = raw_connect,
    .shutdown = raw_shutdown,
};

/* ISO C knows no conversion from an object pointer to a function's. */
static void
resolve(void *function, const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (next != NULL)
		memcpy(function, &next, sizeof(next));
}

__attribute__((constructor)) static void
start(void)
{
	int saved = errno;

	resolve(&bsock_preload_real.bind, "bind");
	resolve(&bsock_preload_real.connect, "connect");
	resolve(&bsock_preload_real.shutdown, "shutdown");
	resolve(&bsock_preload_real.bindresvport, "bindresvport");
	resolve(&bsock_preload_real.bindresvport6, "bindresvport6");
	resolve(&bsock_preload_real.bindresvport_sa, "bindresvport_sa");
	resolve(&bsock_preload_real.rresvport_af, "rresvport_af");
	/* What libc has not is no error of the program's. */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has its own */
	(void)dlerror();
	bsock_preload_ask_start();
	errno = saved;
}

/* --- bind(2) ----------------------------------------------------------- */

bool
bsock_preload_has_port(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET || sa->sa_family == AF_INET6;
}

/* An IP address with port 0 means any port that is free: not our business. */
static bool
names_an_address(const struct sockaddr *addr, socklen_t len)
{
	in_port_t port;

	if (addr == NULL || len < offsetof(struct sockaddr, sa_data))
		return false;
	if (!bsock_preload_has_port(addr))
		return addr->sa_family == AF_UNIX;
	if (len < sizeof(struct sockaddr_in))
		return false;
	memcpy(&port,
	    (const char *)addr + offsetof(struct sockaddr_in, sin_port),
	    sizeof(port));
	return port != 0;
}

PUBLIC int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int before = errno;

	if (bsock_preload_real.bind(fd, addr, len) == 0)
		return 0;
	if (!bsock_preload_may_help(errno) || !names_an_address(addr, len))
		return -1;
	return bsock_preload_ask(fd, addr, len, before);
}

/* --- a reserved socket outlives its holder ----------------------------- */

static bool
is_listening(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 &&
	       value != 0;
}

/*
 * Would shutting it down for reading take a reserved socket out of service?
 * What is connected is a conversation of the program's own.
 */
static bool
must_stay_open(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return bsock_preload_is_reserved(fd) &&
	       getpeername(fd, (struct sockaddr *)&ss, &len) != 0;
}

PUBLIC int
shutdown(int fd, int how)
{
	int before = errno;

	if ((how != SHUT_RD && how != SHUT_RDWR) || !must_stay_open(fd)) {
		errno = before;
		return bsock_preload_real.shutdown(fd, how);
	}
	if (is_listening(fd)) {
		errno = before;
		return 0;
	}
	/* What the kernel would say, without what it would do. */
	errno = ENOTCONN;
	return -1;
}

PUBLIC int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (addr != NULL && len >= sizeof(addr->sa_family) &&
	    bsock_preload_is_reserved(fd) && addr->sa_family == AF_UNSPEC &&
	    is_listening(fd))
		return 0;
	return bsock_preload_real.connect(fd, addr, len);
}
