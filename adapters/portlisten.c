/*
 * bsock-portlisten - accepts connections and passes each to another program
 *
 * The receiver has bound a unix datagram socket at PATH.  Each connection
 * goes there in a datagram of its own; nothing comes back.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bsock_compat.h"
#include "../bsock_fdpass.h"
#include "../bsock_log.h"
#include "../bsock_names.h"
#include "adapter.h"

#define PROGRAM         "bsock-portlisten"
#define ADDRESSES_MAX   64
#define RETRY_MS        100
#define SECONDS_MAX     86400
#define DEFAULT_SECONDS "60"
#define DEFAULT_ADDRESS "0.0.0.0"

static const char usage[] =
    "usage: " PROGRAM " [-b address]... [-t seconds] port path\n";

static const char help[] =
    "\n"
    "Accept connections on a port that bsock gives, and pass each of them to\n"
    "the process that has bound the unix datagram socket at path.\n"
    "\n"
    "  -b address  numeric IPv4 or IPv6 address   (" DEFAULT_ADDRESS ")\n"
    "  -t seconds  how long a connection waits for a receiver that is away\n"
    "              or busy, before it is closed   (" DEFAULT_SECONDS ")\n"
    "  -h          this help\n"
    "\n"
    "port is a number or a service name.  See " PROGRAM "(1), bsock(5).\n";

struct relay {
	const char *addresses[ADDRESSES_MAX];
	struct pollfd listeners[ADDRESSES_MAX];
	unsigned count; /* of both */
	const char *port, *path, *seconds;
	unsigned long tries; /* for each connection */
	struct sockaddr_un receiver;
	int sender; /* an unnamed unix datagram socket */
};

static int
fail(const char *what, int error)
{
	bsock_log(LOG_ERR, "%s: %s", what, bsock_compat_strerror(error));
	return -1;
}

/* --- listening --------------------------------------------------------- */

/* Port and address as in a line of etc/bsock: one parser for both. */
static int
read_address(
    struct bsock_addr *addr, const struct relay *relay, const char *host)
{
	const struct bsock_addr_field fields[5] = {
	    {strchr(host, ':') != NULL ? "AF_INET6" : "AF_INET",
		strchr(host, ':') != NULL ? 8 : 7},
	    {"SOCK_STREAM", 11},
	    {"tcp", 3},
	    {relay->port, strlen(relay->port)},
	    {host, strlen(host)},
	};
	struct bsock_addr_error error;

	if (bsock_addr_parse(addr, host, fields, &bsock_names_addr, &error) !=
	    0) {
		bsock_log(LOG_ERR, "port %s, address %s: %s: %s", relay->port,
		    host, error.reason, bsock_compat_strerror(EINVAL));
		return -1;
	}
	return addr->port != 0 ? 0 : fail("port 0", EINVAL);
}

static int
bind_and_listen(int fd, const struct bsock_addr *addr)
{
	struct bsock_ask ask = {.request.addr = *addr, .fd = fd};
	char why[ADAPTER_WHY_SIZE];
	int on = 1;
	int error;

	/* :: is no more than it says, so that 0.0.0.0 has room beside it. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (addr->family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) !=
		    0))
		return fail("cannot set socket options", errno);
	error = adapter_bind(&ask);
	if (error != 0)
		return fail(adapter_why(&ask, error, why), error);
	if (listen(fd, SOMAXCONN) != 0)
		return fail("cannot listen", errno);
	return 0;
}

static int
open_listener(struct relay *relay, const char *host)
{
	struct bsock_addr addr;
	int fd;

	if (read_address(&addr, relay, host) != 0)
		return -1;
	fd = bsock_compat_socket_nonblock(addr.family, SOCK_STREAM, 0);
	if (fd < 0)
		return fail("cannot make a socket", errno);
	if (bind_and_listen(fd, &addr) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
open_all(struct relay *relay)
{
	if (adapter_unix_address(&relay->receiver, relay->path) != 0)
		return fail(relay->path, errno);
	relay->sender = bsock_compat_socket(AF_UNIX, SOCK_DGRAM, 0);
	if (relay->sender < 0)
		return fail("cannot make a socket", errno);
	for (unsigned i = 0; i < relay->count; i++) {
		int fd = open_listener(relay, relay->addresses[i]);

		if (fd < 0)
			return -1;
		relay->listeners[i].fd = fd;
		relay->listeners[i].events = POLLIN;
	}
	return 0;
}

/* --- passing connections on -------------------------------------------- */

static void
pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

/* One datagram with the connection; false and errno when it cannot be sent
 * now. */
static bool
send_connection(const struct relay *relay, int conn)
{
	struct iovec iov = {.iov_base = (char[]){'x'}, .iov_len = 1};
	union {
		struct cmsghdr header;
		char buf[CMSG_SPACE(sizeof(conn))];
	} control;
	struct sockaddr_un receiver = relay->receiver;
	struct msghdr msg = {
	    .msg_name = &receiver,
	    .msg_namelen = sizeof(receiver),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = sizeof(control.buf),
	};

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(conn));
	memcpy(CMSG_DATA(&control.header), &conn, sizeof(conn));
	return sendmsg(relay->sender, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

static void
log_dropped(const struct relay *relay, int conn, int error)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct bsock_addr from;
	char text[BSOCK_ADDR_STRLEN] = "an unknown peer";

	memset(&ss, 0, sizeof(ss));
	if (getpeername(conn, (struct sockaddr *)&ss, &len) == 0 &&
	    bsock_addr_from_sockaddr(
		&from, ss.ss_family, SOCK_STREAM, 0, &ss, len) == 0)
		(void)bsock_addr_format(&from, text, sizeof(text));
	bsock_log(LOG_WARNING,
	    "closed a connection from %s: no receiver at %s for %s s: %s", text,
	    relay->path, relay->seconds, bsock_compat_strerror(error));
}

/* Whatever is wrong with the receiver, it may come back. */
static void
pass_on(const struct relay *relay, int conn)
{
	for (unsigned long i = 0; i < relay->tries; i++) {
		if (send_connection(relay, conn))
			return;
		pause_ms(RETRY_MS);
	}
	if (!send_connection(relay, conn))
		log_dropped(relay, conn, errno);
}

/* A connection, or -1: there is none, or none that could be accepted. */
static int
accept_one(int listener)
{
	int conn = bsock_compat_accept(listener);

	if (conn < 0 && errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED)
		pause_ms(RETRY_MS); /* no descriptors, no memory, no network */
	return conn;
}

/* One from each listener in turn. */
static void
serve(struct relay *relay)
{
	if (poll(relay->listeners, relay->count, -1) < 0) {
		/* No memory; or fewer descriptors allowed than it asks for. */
		if (errno != EINTR)
			pause_ms(RETRY_MS);
		return;
	}
	for (unsigned n = 0; n < relay->count; n++) {
		const struct pollfd *p = &relay->listeners[n];
		int conn = p->revents != 0 ? accept_one(p->fd) : -1;

		if (conn < 0)
			continue;
		pass_on(relay, conn);
		(void)close(conn);
	}
}

/* --- options ----------------------------------------------------------- */

static int
fail_usage(void)
{
	(void)fputs(usage, stderr);
	return ADAPTER_EXIT_USAGE;
}

/* Returns 0, or -1 for a usage error. */
static int
read_options(struct relay *relay, int argc, char **argv)
{
	unsigned long seconds;
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((option = getopt(argc, argv, "b:t:h")) != -1) {
		if (option == 'h')
			/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
			exit(printf("%s%s", usage, help) < 0);
		else if (option == 'b' && relay->count < ADDRESSES_MAX)
			relay->addresses[relay->count++] = optarg;
		else if (option == 't')
			relay->seconds = optarg;
		else
			return -1;
	}
	if (!adapter_number(relay->seconds, 10, SECONDS_MAX, &seconds) ||
	    argc - optind != 2)
		return -1;
	relay->tries = seconds * 1000 / RETRY_MS;
	relay->port = argv[optind];
	relay->path = argv[optind + 1];
	if (relay->count == 0)
		relay->addresses[relay->count++] = DEFAULT_ADDRESS;
	return 0;
}

int
main(int argc, char **argv)
{
	struct relay relay = {.seconds = DEFAULT_SECONDS, .sender = -1};

	if (adapter_start(PROGRAM) != 0 || adapter_unprivileged() != 0) {
		(void)fail("cannot start", errno);
		return ADAPTER_EXIT_FAILURE;
	}
	if (read_options(&relay, argc, argv) != 0)
		return fail_usage();
	if (open_all(&relay) != 0)
		return ADAPTER_EXIT_FAILURE;
	for (;;)
		serve(&relay);
}
