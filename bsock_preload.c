/*
 * bsock_preload - bind(2) that asks bsock where the kernel says no
 *
 * The functions of libc come first, always, and what they say stands unless
 * bsock can help.  Everything that a call needs is settled in the
 * constructor; the raw system calls serve whoever comes earlier.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bsock_addr.h"
#include "bsock_compat.h"
#include "libbsock_ask.h"

#define PUBLIC __attribute__((visibility("default")))

#define PORT_FIRST 600
#define PORT_COUNT (IPPORT_RESERVED - PORT_FIRST)

/* No libc header declares all of these. */
int bindresvport(int fd, struct sockaddr_in *in);
int bindresvport6(int fd, struct sockaddr_in6 *in6);
int bindresvport_sa(int fd, struct sockaddr *sa);
int rresvport(int *port);
int rresvport_af(int *port, sa_family_t family);

static int raw_bind(int fd, const struct sockaddr *addr, socklen_t len);
static int raw_connect(int fd, const struct sockaddr *addr, socklen_t len);
static int raw_shutdown(int fd, int how);

/* Written by the constructor only. */
static struct {
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*shutdown)(int, int);
	/* NULL where libc has no such function. */
	int (*bindresvport)(int, struct sockaddr_in *);
	int (*bindresvport6)(int, struct sockaddr_in6 *);
	int (*bindresvport_sa)(int, struct sockaddr *);
	int (*rresvport_af)(int *, sa_family_t);
} real = {.bind = raw_bind, .connect = raw_connect, .shutdown = raw_shutdown};

/* What is said on stderr: BSOCK_PRELOAD_DEBUG. */
enum talk { TALK_NEVER, TALK_REFUSED, TALK_ALWAYS };

static struct {
	char path[BSOCK_ADDR_STRLEN]; /* "" until the constructor has run */
	enum talk talk;
	dev_t stderr_dev; /* TALK_REFUSED: which file stderr is */
	ino_t stderr_ino;
} settings;

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

/* ISO C knows no conversion from an object pointer to a function's. */
static void
resolve(void *function, const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (next != NULL)
		memcpy(function, &next, sizeof(next));
}

static bool
stat_stderr(struct stat *st)
{
	int saved = errno;
	bool open = fstat(STDERR_FILENO, st) == 0;

	errno = saved;
	return open;
}

static void
read_talk(const char *text)
{
	struct stat st;

	if (text == NULL)
		return;
	if (strcmp(text, "1") == 0)
		settings.talk = TALK_ALWAYS;
	if (strcmp(text, "refused") != 0 || !stat_stderr(&st))
		return;
	settings.talk = TALK_REFUSED;
	settings.stderr_dev = st.st_dev;
	settings.stderr_ino = st.st_ino;
}

/*
 * The settings are copied: some programs clear their environment in place
 * before they bind.
 */
__attribute__((constructor)) static void
start(void)
{
	const char *path = bsock_ask_path();
	int saved = errno;

	resolve(&real.bind, "bind");
	resolve(&real.connect, "connect");
	resolve(&real.shutdown, "shutdown");
	resolve(&real.bindresvport, "bindresvport");
	resolve(&real.bindresvport6, "bindresvport6");
	resolve(&real.bindresvport_sa, "bindresvport_sa");
	resolve(&real.rresvport_af, "rresvport_af");
	/* What libc has not is no error of the program's. */
	(void)dlerror();
	if (strlen(path) < sizeof(settings.path))
		memcpy(settings.path, path, strlen(path) + 1);
	read_talk(secure_getenv("BSOCK_PRELOAD_DEBUG"));
	errno = saved;
}

/* --- which sockets are reserved ---------------------------------------- */

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

static void
remember_reserved(int fd)
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

static bool
is_reserved(int fd)
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

static bool
is_listening(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 &&
	       value != 0;
}

/* --- asking ------------------------------------------------------------ */

static bool
may_help(int error)
{
	return error == EACCES || error == EPERM || error == EADDRINUSE;
}

/* One write, so that the lines of threads and processes stay whole. */
static void
report(const struct bsock_ask *ask, int error)
{
	char line[2 * BSOCK_ADDR_STRLEN + 512] = "bsock: ";
	size_t len = strlen(line);

	len += bsock_addr_format(
	    &ask->request.addr, line + len, BSOCK_ADDR_STRLEN);
	memcpy(line + len, ": ", 2);
	len += 2;
	len +=
	    bsock_ask_explain(ask, error, line + len, sizeof(line) - len - 1);
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
}

/*
 * Who did not ask for words (bsock-run sets "refused") hears of a bind that
 * failed for want of privilege alone, and never in what has taken the place
 * of stderr: that may be a file of the program's own.
 */
static bool
is_worth_a_line(int why, int error)
{
	struct stat st;

	if (settings.talk == TALK_REFUSED)
		return error != 0 && why != EADDRINUSE && stat_stderr(&st) &&
		       st.st_dev == settings.stderr_dev &&
		       st.st_ino == settings.stderr_ino;
	return settings.talk == TALK_ALWAYS;
}

/*
 * What the program hears when bsock did not bind: its own bind's errno.  But
 * that the address is in use is what the kernel would have said to one who
 * may have it, and many a program waits for it.
 */
static int
verdict(const struct bsock_ask *ask, int error, int why)
{
	return ask->answered && error == EADDRINUSE ? error : why;
}

/*
 * After the real function has failed with errno: 0 if bsock bound fd, with
 * errno as it was before that; else -1 and errno.
 */
static int
ask_bsock(int fd, const struct sockaddr *addr, socklen_t len, int before)
{
	struct bsock_ask ask = {.fd = fd};
	int why = errno;
	int error = 0;

	if (settings.path[0] != '\0')
		ask.path = settings.path;
	if (bsock_ask_prepare(&ask.request, fd, addr, len) != 0) {
		errno = why;
		return -1;
	}
	if (bsock_ask(&ask) != 0)
		error = errno;
	if (is_worth_a_line(why, error))
		report(&ask, error);
	if (error == 0 && ask.reserved)
		remember_reserved(fd);
	errno = error == 0 ? before : verdict(&ask, error, why);
	return error == 0 ? 0 : -1;
}

static bool
has_port(const struct sockaddr *sa)
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
	if (!has_port(addr))
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

	if (real.bind(fd, addr, len) == 0)
		return 0;
	if (!may_help(errno) || !names_an_address(addr, len))
		return -1;
	return ask_bsock(fd, addr, len, before);
}

/* --- reserved ports, 600 to 1023 --------------------------------------- */

/* Both families have it at the same place. */
static in_port_t *
port_of(struct sockaddr *sa)
{
	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
			   offsetof(struct sockaddr_in6, sin6_port),
	    "sin_port and sin6_port");
	return &((struct sockaddr_in *)(void *)sa)->sin_port;
}

static socklen_t
length_of(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6);
}

/*
 * After the real function has failed with errno: ask for any reserved port at
 * the address of sa, whose port is set to the one that was bound.
 */
static int
ask_some_port(int fd, struct sockaddr *sa, int before)
{
	socklen_t len = length_of(sa);
	struct sockaddr_storage ss;

	if (!may_help(errno) || !has_port(sa))
		return -1;
	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, sa, len);
	*port_of((struct sockaddr *)&ss) = 0;
	if (ask_bsock(fd, (struct sockaddr *)&ss, len, before) != 0)
		return -1;
	len = sizeof(ss);
	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	*port_of(sa) = *port_of((struct sockaddr *)&ss);
	return 0;
}

/* What a libc that has these functions does, for one that has not. */
static int
bind_some_port(int fd, struct sockaddr *sa)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned i = 0; i < PORT_COUNT; i++) {
		unsigned n = ((unsigned)now.tv_nsec / 1000 + i) % PORT_COUNT;

		*port_of(sa) = htons((in_port_t)(PORT_FIRST + n));
		if (real.bind(fd, sa, length_of(sa)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	return -1;
}

static int
bind_reserved_port(int fd, struct sockaddr *sa, int before)
{
	if (!has_port(sa)) {
		errno = EPFNOSUPPORT;
		return -1;
	}
	if (*port_of(sa) != 0)
		return bind(fd, sa, length_of(sa));
	if (bind_some_port(fd, sa) == 0)
		return 0;
	return ask_some_port(fd, sa, before);
}

PUBLIC int
bindresvport(int fd, struct sockaddr_in *in)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int before = errno;

	if (in == NULL)
		in = &any;
	if (real.bindresvport == NULL)
		return bind_reserved_port(fd, (struct sockaddr *)in, before);
	if (real.bindresvport(fd, in) == 0)
		return 0;
	return ask_some_port(fd, (struct sockaddr *)in, before);
}

PUBLIC int
bindresvport6(int fd, struct sockaddr_in6 *in6)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	int before = errno;

	if (in6 == NULL)
		in6 = &any;
	if (real.bindresvport6 == NULL)
		return bind_reserved_port(fd, (struct sockaddr *)in6, before);
	if (real.bindresvport6(fd, in6) == 0)
		return 0;
	return ask_some_port(fd, (struct sockaddr *)in6, before);
}

PUBLIC int
bindresvport_sa(int fd, struct sockaddr *sa)
{
	struct sockaddr_storage any;
	socklen_t len = sizeof(any);
	int before = errno;

	if (sa == NULL) {
		/* Any address of the socket's own family. */
		memset(&any, 0, sizeof(any));
		sa = (struct sockaddr *)&any;
		if (getsockname(fd, sa, &len) != 0)
			return -1;
	}
	if (real.bindresvport_sa == NULL)
		return bind_reserved_port(fd, sa, before);
	if (real.bindresvport_sa(fd, sa) == 0)
		return 0;
	return ask_some_port(fd, sa, before);
}

/* A socket of ours, after libc could not bind one of its own. */
static int
make_reserved_port(int *port, sa_family_t family, int before)
{
	struct sockaddr_storage ss;
	struct sockaddr *sa = (struct sockaddr *)&ss;
	int why = errno;
	int fd;

	if (family != AF_INET && family != AF_INET6)
		return -1;
	memset(&ss, 0, sizeof(ss));
	ss.ss_family = family;
	fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	errno = why;
	if (ask_some_port(fd, sa, before) == 0) {
		*port = ntohs(*port_of(sa));
		return fd;
	}
	(void)close(fd);
	errno = why;
	return -1;
}

PUBLIC int
rresvport_af(int *port, sa_family_t family)
{
	int before = errno;
	int fd = -1;

	errno = EACCES;
	if (real.rresvport_af != NULL)
		fd = real.rresvport_af(port, family);
	if (fd >= 0) {
		errno = before;
		return fd;
	}
	return may_help(errno) ? make_reserved_port(port, family, before) : -1;
}

PUBLIC int
rresvport(int *port)
{
	return rresvport_af(port, AF_INET);
}

/* --- a reserved socket outlives its holder ----------------------------- */

/*
 * Would shutting it down for reading take a reserved socket out of service?
 * What is connected is a conversation of the program's own.
 */
static bool
must_stay_open(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return is_reserved(fd) &&
	       getpeername(fd, (struct sockaddr *)&ss, &len) != 0;
}

PUBLIC int
shutdown(int fd, int how)
{
	int before = errno;

	if ((how != SHUT_RD && how != SHUT_RDWR) || !must_stay_open(fd)) {
		errno = before;
		return real.shutdown(fd, how);
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
	if (addr != NULL && len >= sizeof(addr->sa_family) && is_reserved(fd) &&
	    addr->sa_family == AF_UNSPEC && is_listening(fd))
		return 0;
	return real.connect(fd, addr, len);
}
