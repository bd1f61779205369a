/*
 * load - ask a TCP service for one answer after another, each on a new
 * connection, and count how that went
 *
 *	load [-c clients] [-n requests-of-each] [-t timeout-ms] PROTOCOL
 *	    ADDRESS PORT
 *
 * PROTOCOL is http, redis, postgresql, or echo (sends a line, wants a byte).
 * Runs until SIGTERM or SIGINT, or for that many requests, then prints
 *	ok=N refused=N reset=N timeout=N other=N longest=MS
 * refused: connect(2) said so.  reset: the connection broke, or ended
 * without the answer.  Exit status 0 when none was refused, reset, late.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "number.h"

#define CLIENTS_MAX 256

enum outcome { OK, REFUSED, RESET, TIMEOUT, OTHER, OUTCOMES };

static const char *const names[OUTCOMES] = {
    "ok", "refused", "reset", "timeout", "other"};

struct protocol {
	const char *name;
	const char *request;
	size_t len;
	const char *answer; /* how it must begin; "": anything */
};

#define TEXT(text) (text), sizeof(text) - 1

static const struct protocol protocols[] = {
    {"http", TEXT("GET / HTTP/1.0\r\nHost: t\r\nConnection: close\r\n\r\n"),
	"HTTP/1."},
    {"redis", TEXT("PING\r\n"), "+PONG"},
    /* SSLRequest: answered S or N before anything else is needed */
    {"postgresql", TEXT("\0\0\0\10\4\322\26\57"), ""},
    {"echo", TEXT("x\n"), ""},
};

static const struct protocol *protocol;
static struct sockaddr_storage address;
static socklen_t address_len;
static int timeout_ms = 20000;
static unsigned long requests = ~0UL; /* of each client */
static atomic_uint counts[OUTCOMES];
static atomic_uint longest;
static atomic_bool over;
static atomic_uint running;

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum outcome
outcome_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return REFUSED;
	case ECONNRESET:
	case EPIPE:
		return RESET;
	case ETIMEDOUT:
		return TIMEOUT;
	default:
		return OTHER;
	}
}

static bool
wait_for(int s, short events, long deadline)
{
	struct pollfd p = {.fd = s, .events = events};
	long left = deadline - now_ms();

	return poll(&p, 1, left > 0 ? (int)left : 0) > 0;
}

static enum outcome
begin(int s, long deadline)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (connect(s, (struct sockaddr *)&address, address_len) == 0)
		return OK;
	if (errno != EINPROGRESS)
		return outcome_of(errno);
	if (!wait_for(s, POLLOUT, deadline))
		return TIMEOUT;
	(void)getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len);
	return error == 0 ? OK : outcome_of(error);
}

static enum outcome
ask(int s, long deadline)
{
	char buf[256];
	size_t want = strlen(protocol->answer), have = 0;

	if (send(s, protocol->request, protocol->len, MSG_NOSIGNAL) < 0)
		return outcome_of(errno);
	while (have == 0 || have < want) {
		ssize_t n;

		if (!wait_for(s, POLLIN, deadline))
			return TIMEOUT;
		n = recv(s, buf + have, sizeof(buf) - have, 0);
		if (n == 0)
			return RESET;
		if (n < 0)
			return outcome_of(errno);
		have += (size_t)n;
	}
	return memcmp(buf, protocol->answer, want) == 0 ? OK : OTHER;
}

static void
one_round(void)
{
	long start = now_ms(), took;
	enum outcome outcome;
	unsigned most;
	int s = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (s < 0)
		return;
	outcome = begin(s, start + timeout_ms);
	if (outcome == OK)
		outcome = ask(s, start + timeout_ms);
	(void)close(s);
	took = now_ms() - start;
	atomic_fetch_add(&counts[outcome], 1);
	most = atomic_load(&longest);
	while (took > (long)most &&
	       !atomic_compare_exchange_weak(&longest, &most, (unsigned)took))
		;
}

static void *
client(void *arg)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned long n = 0; n < requests && !atomic_load(&over); n++) {
		one_round();
		(void)nanosleep(&pause, NULL);
	}
	/* The last one ends the program. */
	if (atomic_fetch_sub(&running, 1) == 1)
		(void)kill(getpid(), SIGTERM);
	return arg;
}

static void
usage(void)
{
	(void)fprintf(stderr, "usage: load [-c clients] [-n requests] "
			      "[-t timeout-ms] "
			      "http|redis|postgresql|echo ADDRESS PORT\n");
	exit(2);
}

static void
set_address(const char *host, const char *port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	in_port_t p = htons((in_port_t)number(port, UINT16_MAX));

	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = p;
		address_len = sizeof(*in);
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = p;
		address_len = sizeof(*in6);
	} else
		usage();
}

static void
set_protocol(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(name, protocols[i].name) == 0)
			protocol = &protocols[i];
	if (protocol == NULL)
		usage();
}

int
main(int argc, char **argv)
{
	pthread_t threads[CLIENTS_MAX];
	unsigned clients = 4, bad = 0;
	sigset_t set;
	int c, signum;

	while ((c = getopt(argc, argv, "c:n:t:")) != -1) {
		unsigned n = optarg != NULL ? number(optarg, INT32_MAX) : 0;

		if (c == 'c')
			clients = n;
		else if (c == 't')
			timeout_ms = (int)n;
		else if (c == 'n')
			requests = n;
		else
			usage();
	}
	if (argc - optind != 3 || clients < 1 || clients > CLIENTS_MAX)
		usage();
	set_protocol(argv[optind]);
	set_address(argv[optind + 1], argv[optind + 2]);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	atomic_store(&running, clients);
	for (unsigned i = 0; i < clients; i++)
		if (pthread_create(&threads[i], NULL, client, NULL) != 0)
			return 1;
	(void)sigwait(&set, &signum);
	atomic_store(&over, true);
	for (unsigned i = 0; i < clients; i++)
		(void)pthread_join(threads[i], NULL);
	for (int i = 0; i < OUTCOMES; i++) {
		(void)printf("%s=%u ", names[i], atomic_load(&counts[i]));
		if (i != OK)
			bad += atomic_load(&counts[i]);
	}
	(void)printf("longest=%u\n", atomic_load(&longest));
	return bad != 0;
}
