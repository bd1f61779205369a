/*
 * bsock_sdnotify - the service manager's protocols, without its library
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_sdnotify.h"

#include <sys/un.h>

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_fdpass.h"

#define FIRST_FD 3 /* of LISTEN_FDS */

/* More than guard, kept socket and holder of thousands of addresses. */
#define FDS_MAX 32768

static struct {
	int sock; /* connected to NOTIFY_SOCKET, or -1 */
	unsigned watchdog_ms;
	struct timespec next; /* sign of life */
	size_t count;
	int *fds;    /* -1: taken */
	char *names; /* LISTEN_FDNAMES, its colons made NUL */
	size_t names_size;
} manager = {.sock = -1};

/* NOLINTBEGIN(concurrency-mt-unsafe): main, before there are threads */

/* A whole decimal number from the environment, or 0. */
static unsigned long
number_of(const char *variable, unsigned long max)
{
	const char *text = getenv(variable);
	unsigned long n = 0;

	if (text == NULL || *text == '\0')
		return 0;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > max / 10)
			return 0;
		n = n * 10 + (unsigned long)(*text - '0');
	}
	return n <= max ? n : 0;
}

/* Is what the variable names this process? */
static bool
is_us(const char *variable)
{
	return number_of(variable, INT_MAX) == (unsigned long)getpid();
}

static void
open_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(un.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(un.sun_path, path, len);
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	manager.sock = bsock_compat_socket(AF_UNIX, SOCK_DGRAM, 0);
	if (manager.sock < 0)
		return;
	len += offsetof(struct sockaddr_un, sun_path) + (path[0] == '/');
	if (connect(manager.sock, (struct sockaddr *)&un, (socklen_t)len) !=
	    0) {
		(void)close(manager.sock);
		manager.sock = -1;
	}
}

static void
start_watchdog(void)
{
	unsigned long usec = number_of("WATCHDOG_USEC", INT_MAX);

	if (getenv("WATCHDOG_PID") != NULL && !is_us("WATCHDOG_PID"))
		return;
	/* Twice in the time that the manager waits. */
	manager.watchdog_ms = (unsigned)(usec / 2000);
	if (usec > 0 && manager.watchdog_ms == 0)
		manager.watchdog_ms = 1;
	manager.next = bsock_fdpass_deadline(0);
}

static void
take_names(void)
{
	const char *names = getenv("LISTEN_FDNAMES");

	manager.names = strdup(names != NULL ? names : "");
	if (manager.names == NULL)
		return;
	manager.names_size = strlen(manager.names) + 1;
	for (char *p = manager.names; *p != '\0'; p++)
		if (*p == ':')
			*p = '\0';
}

static void
take_fds(void)
{
	size_t n = number_of("LISTEN_FDS", FDS_MAX);

	if (n == 0 || !is_us("LISTEN_PID"))
		return;
	manager.fds = calloc(n, sizeof(*manager.fds));
	take_names();
	if (manager.fds == NULL || manager.names == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		int fd = FIRST_FD + (int)i;

		manager.fds[i] = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
	}
	manager.count = n;
}

void
bsock_sdnotify_start(void)
{
	open_socket();
	start_watchdog();
	take_fds();
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDNAMES");
}

/* NOLINTEND(concurrency-mt-unsafe) */

bool
bsock_sdnotify_active(void)
{
	return manager.sock >= 0;
}

static int
send_with(const char *state, int fd)
{
	if (manager.sock < 0)
		return 0;
	return bsock_fdpass_send(
		   manager.sock, state, strlen(state), fd, MSG_DONTWAIT) < 0
		   ? -1
		   : 0;
}

int
bsock_sdnotify_send(const char *state)
{
	return send_with(state, -1);
}

int
bsock_sdnotify_reloading(void)
{
	char state[80];
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	return bsock_sdnotify_send(state);
}

int
bsock_sdnotify_watchdog(void)
{
	if (manager.sock < 0 || manager.watchdog_ms == 0)
		return -1;
	if (bsock_fdpass_left(&manager.next) == 0) {
		(void)bsock_sdnotify_send("WATCHDOG=1");
		manager.next = bsock_fdpass_deadline(manager.watchdog_ms);
	}
	return bsock_fdpass_left(&manager.next);
}

/*
 * FDPOLL=0: a bound socket that does not listen looks hung up to poll(2),
 * and the manager would drop it at once.
 */
int
bsock_sdnotify_store(int fd, const char *name)
{
	char state[BSOCK_SDNOTIFY_NAME_MAX + 40];

	(void)snprintf(
	    state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	return send_with(state, fd);
}

int
bsock_sdnotify_forget(const char *name)
{
	char state[BSOCK_SDNOTIFY_NAME_MAX + 40];

	(void)snprintf(
	    state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return bsock_sdnotify_send(state);
}

size_t
bsock_sdnotify_count(void)
{
	return manager.count;
}

int
bsock_sdnotify_fd(size_t i)
{
	return manager.fds[i];
}

int
bsock_sdnotify_take(size_t i)
{
	int fd = manager.fds[i];

	manager.fds[i] = -1;
	return fd;
}

/* There may be fewer names than descriptors. */
const char *
bsock_sdnotify_name(size_t i)
{
	const char *name = manager.names;
	const char *end = manager.names + manager.names_size;

	for (size_t k = 0; k < i && name < end; k++)
		name += strlen(name) + 1;
	return name < end ? name : "";
}

void
bsock_sdnotify_close_rest(void)
{
	for (size_t i = 0; i < manager.count; i++) {
		if (manager.fds[i] < 0)
			continue;
		(void)close(manager.fds[i]);
		if (*bsock_sdnotify_name(i) != '\0')
			(void)bsock_sdnotify_forget(bsock_sdnotify_name(i));
	}
	free(manager.fds);
	free(manager.names);
	manager.fds = NULL;
	manager.names = NULL;
	manager.count = 0;
}

/* Is it the socket of a .socket unit? */
static bool
is_listener(int fd)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	int type = 0, listening = 0;
	socklen_t size = sizeof(type);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    ss.ss_family != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
	    type != SOCK_STREAM)
		return false;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) ==
		   0 &&
	       listening != 0;
}

int
bsock_sdnotify_take_listener(void)
{
	for (size_t i = 0; i < bsock_sdnotify_count(); i++)
		if (is_listener(bsock_sdnotify_fd(i)) &&
		    strncmp(bsock_sdnotify_name(i), "bsock-", 6) != 0)
			return bsock_sdnotify_take(i);
	return -1;
}
