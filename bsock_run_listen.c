/*
 * bsock_run_listen - sockets for the command, as a service manager passes
 * them
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_listen.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_addr.h"
#include "bsock_compat.h"
#include "bsock_run_say.h"
#include "libbsock_ask.h"

#define FIRST     3
#define NAME_MAX_ 255 /* sd_listen_fds(3) */
#define UNNAMED   "unknown"

static int fds[BSOCK_RUN_LISTEN_MAX];
static char names[BSOCK_RUN_LISTEN_MAX * (NAME_MAX_ + 1)];
static int count;

/* What stands before a '=' in the first word; *address is what follows. */
static size_t
split_name(const char *arg, const char **address)
{
	size_t len = strcspn(arg, "= \t");

	*address = arg;
	if (arg[len] != '=')
		return 0;
	*address = arg + len + 1;
	return len;
}

static bool
is_name(const char *name, size_t len)
{
	if (len > NAME_MAX_)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= 0x20 || name[i] > 0x7e || name[i] == ':')
			return false;
	return true;
}

static void
add_name(const char *name, size_t len)
{
	size_t used = strlen(names);

	if (len == 0) {
		name = UNNAMED;
		len = strlen(UNNAMED);
	}
	if (used > 0)
		names[used++] = ':';
	memcpy(names + used, name, len);
	names[used + len] = '\0';
}

static bool
may_help(int error)
{
	return error == EACCES || error == EPERM || error == EADDRINUSE;
}

/* Returns 0 or an errno value; what bsock answered has been said then. */
static int
bind_somehow(int sock, const struct bsock_addr *addr, bool *said)
{
	struct bsock_ask ask = {.fd = sock, .request = {.addr = *addr}};
	struct sockaddr_storage ss;
	socklen_t len = bsock_addr_to_sockaddr(addr, &ss);
	int error;

	if (bind(sock, (struct sockaddr *)&ss, len) == 0)
		return 0;
	if (!may_help(errno))
		return errno;
	if (bsock_ask(&ask) == 0)
		return 0;
	error = errno;
	bsock_run_say_answer(&ask, error);
	*said = true;
	return error;
}

static int
prepare(int sock, const struct bsock_addr *addr, bool *said)
{
	bool stream = addr->socktype == SOCK_STREAM;
	int on = 1;
	int error;

	if (stream && addr->family != AF_UNIX &&
	    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return errno;
	error = bind_somehow(sock, addr, said);
	if (error != 0)
		return error;
	if ((stream || addr->socktype == SOCK_SEQPACKET) &&
	    listen(sock, SOMAXCONN) != 0)
		return errno;
	return 0;
}

static int
open_socket(const struct bsock_addr *addr, const char *arg)
{
	int protocol = addr->family == AF_UNIX ? 0 : (int)addr->protocol;
	bool said = false;
	int error = 0;
	int sock =
	    bsock_compat_socket(addr->family, (int)addr->socktype, protocol);

	if (sock < 0)
		error = errno;
	else
		error = prepare(sock, addr, &said);
	if (error == 0)
		return sock;
	if (!said)
		bsock_run_say("-l %s: %s", arg, bsock_compat_strerror(error));
	if (sock >= 0)
		(void)close(sock);
	return -1;
}

int
bsock_run_listen_add(const char *arg)
{
	struct bsock_addr addr;
	const char *text;
	size_t len = split_name(arg, &text);
	int sock;

	if (count == BSOCK_RUN_LISTEN_MAX) {
		bsock_run_say("-l: at most %d", BSOCK_RUN_LISTEN_MAX);
		return -1;
	}
	if (!is_name(arg, len)) {
		bsock_run_say("-l %s: a name is of at most %d printable "
			      "characters, without a colon",
		    arg, NAME_MAX_);
		return -1;
	}
	if (bsock_run_say_address("-l", arg, text, &addr) != 0)
		return -1;
	sock = open_socket(&addr, arg);
	if (sock < 0)
		return -1;
	fds[count++] = sock;
	add_name(arg, len);
	return 0;
}

/* Above all the places first, so that none takes another's. */
static int
put_in_place(void)
{
	for (int i = 0; i < count; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST + count);
		if (fds[i] < 0)
			return -1;
	}
	for (int i = 0; i < count; i++)
		if (bsock_compat_dup(fds[i], FIRST + i, 0) < 0)
			return -1;
	return 0;
}

/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */

static int
set_number(const char *variable, long number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%ld", number);
	return setenv(variable, text, 1);
}

int
bsock_run_listen_pass(void)
{
	if (count == 0)
		return 0;
	if (put_in_place() == 0 && set_number("LISTEN_FDS", count) == 0 &&
	    set_number("LISTEN_PID", (long)getpid()) == 0 &&
	    setenv("LISTEN_FDNAMES", names, 1) == 0)
		return 0;
	bsock_run_say(
	    "-l: cannot pass the sockets on: %s", bsock_compat_strerror(errno));
	return -1;
}

/* NOLINTEND(concurrency-mt-unsafe) */
