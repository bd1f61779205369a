/*
 * count client N | daemon N | build - the request path, N times over
 *
 * To be run under callgrind, which counts the instructions of one function:
 * bsock_bind_addrinfo() against whatever serves at $BSOCK_SOCKET, or
 * bsock_serve() with its log line.  The numbers do not depend on how busy
 * the machine is.  build: what was compiled with what, for the table of
 * expectations.
 */
#include <gnu/libc-version.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock.h"
#include "bsock_authz.h"
#include "bsock_fdpass.h"
#include "bsock_log.h"
#include "bsock_serve.h"
#include "bsock_wire.h"

#define CALLER 1000 /* asks the daemon */
#define LINE   "AF_INET SOCK_STREAM tcp 9002 127.0.0.1"

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void
count_client(long n)
{
	struct sockaddr_storage ss;
	struct addrinfo ai;

	if (bsock_addrinfo_parse(&ai, &ss, LINE) != 0)
		die(LINE);
	while (n-- > 0) {
		int fd = tcp_socket();

		if (bsock_bind_addrinfo(fd, &ai) != 0)
			die(LINE);
		(void)close(fd);
	}
}

/* A request as it comes in over a connection of its own. */
static void
serve_one(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, const void *buf, size_t len)
{
	struct bsock_caller caller = {.ngroups = -1};
	int pair[2], error = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		die("socketpair");
	caller.conn = pair[1];
	caller.since = bsock_fdpass_deadline(0);
	if (bsock_fdpass_peer(pair[1], &caller.peer) != 0)
		die("peer");
	/* More digits are more instructions. */
	caller.peer.uid = CALLER;
	caller.peer.pid = 12345;
	(void)bsock_serve(
	    service, snapshot, &caller, buf, len, tcp_socket(), &error);
	errno = error;
	if (error != 0)
		die("bsock_serve");
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)bsock_log_drain();
}

static void
count_daemon(long n)
{
	static struct bsock_counters counters;
	const struct bsock_authz_principal who = {BSOCK_AUTHZ_UID, CALLER};
	struct bsock_service service;
	struct bsock_snapshot snapshot = {.authz = bsock_authz_new(1)};
	struct bsock_request request = {0};
	struct bsock_addr_field fields[5];
	struct bsock_addr key;
	uint8_t buf[BSOCK_WIRE_BINARY_MAX];
	int wake = open("/dev/null", O_WRONLY | O_CLOEXEC);
	size_t len;

	if (snapshot.authz == NULL || wake < 0 ||
	    bsock_addr_split(LINE, strlen(LINE), fields, 5) != 5 ||
	    bsock_addr_parse(&request.addr, LINE, fields, NULL, NULL) != 0)
		die(LINE);
	bsock_addr_key(&request.addr, &key);
	(void)bsock_authz_add(snapshot.authz, &who, &key, 1);
	bsock_service_init(&service, &counters);
	bsock_log_open(BSOCK_LOG_PRIORITY, 0);
	bsock_log_queue(wake);
	len = bsock_wire_encode_request(&request, buf);
	while (n-- > 0)
		serve_one(&service, &snapshot, buf, len);
	bsock_authz_free(snapshot.authz);
	(void)close(wake);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "build") == 0)
		(void)printf("%s glibc-%s %s\n", COUNT_BUILD,
		    gnu_get_libc_version(), __VERSION__);
	else if (argc == 3 && strcmp(argv[1], "client") == 0)
		count_client(strtol(argv[2], NULL, 10));
	else if (argc == 3 && strcmp(argv[1], "daemon") == 0)
		count_daemon(strtol(argv[2], NULL, 10));
	else
		return 2;
	return 0;
}
