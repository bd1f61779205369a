/*
 * bsock-sockcreator - makes bound sockets for the program that started it
 *
 * Requests come on descriptor 0, answers and sockets go to descriptor 1.  The
 * parent is trusted, as far as etc/bsock trusts its user.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "sockcreator_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../bsock_compat.h"
#include "../bsock_fdpass.h"
#include "../bsock_log.h"
#include "adapter.h"

#define PROGRAM   "bsock-sockcreator"
#define RETRY_MS  10
#define IPV6_SAFE 1280 /* every IPv6 link carries so much */

/* What the parent is told by the exit status. */
enum {
	ENDED = 0,      /* as asked */
	NO_REQUEST = 1, /* end of the requests */
	NO_REPLY = 2,   /* an answer could not be written */
	BAD_REQUEST = 3,
	NO_SOCKET = 4, /* a socket could not be sent */
	GO_ON = -1,
};

static const char help[] =
    "usage: " PROGRAM "\n"
    "\n"
    "Make bound sockets for the program that started this one: requests are\n"
    "read from standard input, answers and sockets go to standard output,\n"
    "normally the same unix socket.  Arguments other than -h are ignored.\n"
    "\n"
    "See " PROGRAM "(1), bsock(5).\n";

/* Waits until fd is ready or has failed; there is no hurry. */
static void
wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	(void)poll(&p, 1, -1);
}

/* Was it only that a descriptor of the parent's is non-blocking, a signal, or
 * a shortage that passes (the parent has not read some sockets yet)?  Then it
 * has been waited for. */
static bool
is_for_later(int fd, short events)
{
	switch (errno) {
	case EINTR:
		return true;
	case EAGAIN:
		wait_for(fd, events);
		return true;
	case ETOOMANYREFS:
	case ENOBUFS:
	case ENOMEM:
		(void)poll(NULL, 0, RETRY_MS);
		return true;
	default:
		return false;
	}
}

static int
write_reply(const void *reply, size_t len)
{
	const char *p = reply;

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (!is_for_later(STDOUT_FILENO, POLLOUT)) {
			bsock_log(LOG_ERR, "cannot answer: %s",
			    bsock_compat_strerror(errno));
			return NO_REPLY;
		}
	}
	return GO_ON;
}

static int
write_failure(char what, int error)
{
	char reply[2 + sizeof(int32_t)] = {'E', what};
	const int32_t number = error;

	memcpy(reply + 2, &number, sizeof(number));
	return write_reply(reply, sizeof(reply));
}

/* One byte, and the socket with it. */
static int
send_socket(int fd)
{
	while (bsock_fdpass_send(STDOUT_FILENO, "", 1, fd, 0) < 0)
		if (!is_for_later(STDOUT_FILENO, POLLOUT)) {
			bsock_log(LOG_ERR, "cannot send a socket: %s",
			    bsock_compat_strerror(errno));
			return NO_SOCKET;
		}
	return GO_ON;
}

/* --- one socket -------------------------------------------------------- */

static int
set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0
		   ? 0
		   : errno;
}

static int
set_early_options(int fd, const struct bsock_addr *addr)
{
	int error = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (error == 0 && addr->family == AF_INET6)
		error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return error;
}

/* Datagrams that arrive over any path.  After bind, since it may be a socket
 * that bsock kept, and IPV6_MTU cannot be read from one to set on another. */
static int
set_late_options(int fd, const struct bsock_addr *addr)
{
	int error = 0;

	if (addr->family != AF_INET6 || addr->socktype != SOCK_DGRAM)
		return 0;
#ifdef IPV6_MTU_DISCOVER
	error =
	    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
#endif
#ifdef IPV6_MTU
	if (error == 0)
		error = set_option(fd, IPPROTO_IPV6, IPV6_MTU, IPV6_SAFE);
#endif
	return error;
}

static int
prepare_socket(int fd, const struct bsock_addr *addr)
{
	struct bsock_ask ask = {.request.addr = *addr, .fd = fd};
	char why[ADAPTER_WHY_SIZE];
	int error = set_early_options(fd, addr);

	if (error != 0)
		return error;
	error = adapter_bind(&ask);
	if (error != 0) {
		bsock_log(LOG_NOTICE, "%s", adapter_why(&ask, error, why));
		return error;
	}
	return set_late_options(fd, addr);
}

static int
serve_socket(const struct bsock_addr *addr)
{
	int fd, error, result;

	fd = bsock_compat_socket(
	    addr->family, (int)addr->socktype, (int)addr->protocol);
	if (fd < 0)
		return write_failure('S', errno);
	error = prepare_socket(fd, addr);
	result = error != 0 ? write_failure('B', error) : write_reply("S", 1);
	if (error == 0 && result == GO_ON)
		result = send_socket(fd);
	(void)close(fd);
	return result;
}

/* --- requests ---------------------------------------------------------- */

/* Adds to what was read; descriptors that come along are dropped by the
 * kernel, since none is asked for. */
static int
read_more(uint8_t *buf, size_t size, size_t *len)
{
	ssize_t n;

	do
		n = read(STDIN_FILENO, buf + *len, size - *len);
	while (n < 0 && is_for_later(STDIN_FILENO, POLLIN));
	if (n < 0)
		bsock_log(LOG_ERR, "cannot read a request: %s",
		    bsock_compat_strerror(errno));
	if (n <= 0)
		return NO_REQUEST;
	*len += (size_t)n;
	return GO_ON;
}

static int
refuse_request(void)
{
	(void)write_reply("FI", 2);
	return BAD_REQUEST;
}

/* Serves what is whole in buf, and keeps the rest. */
static int
serve_requests(uint8_t *buf, size_t *len)
{
	size_t at = 0;
	int result = GO_ON;

	while (result == GO_ON) {
		struct bsock_addr addr;
		size_t used;

		switch (sockcreator_decode(&addr, &used, buf + at, *len - at)) {
		case SOCKCREATOR_TERMINATE:
			return ENDED;
		case SOCKCREATOR_BAD:
			return refuse_request();
		case SOCKCREATOR_SOCKET:
			at += used;
			result = serve_socket(&addr);
			break;
		case SOCKCREATOR_MORE:
			*len -= at;
			memmove(buf, buf + at, *len);
			return GO_ON;
		}
	}
	return result;
}

int
main(int argc, char **argv)
{
	uint8_t buf[64 * SOCKCREATOR_REQUEST_MAX];
	size_t len = 0;
	int result = GO_ON;

	if (argc > 1 && strcmp(argv[1], "-h") == 0)
		return fputs(help, stdout) < 0;
	if (adapter_start(PROGRAM) != 0 || adapter_unprivileged() != 0) {
		bsock_log(
		    LOG_ERR, "cannot start: %s", bsock_compat_strerror(errno));
		return NO_REQUEST;
	}
	while (result == GO_ON) {
		result = read_more(buf, sizeof(buf), &len);
		if (result == GO_ON)
			result = serve_requests(buf, &len);
	}
	return result;
}
