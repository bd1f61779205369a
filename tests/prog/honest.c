/*
 * honest COUNT PORT: an ordinary client.  Binds a stream socket of its own to
 * 127.0.0.1:PORT through libbsock and closes it, COUNT times (0: until
 * SIGTERM), and prints how many failed, and how long they took.  Exit status
 * 0 when none failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../bsock.h"
#include "number.h"

#define TIMES_MAX 1000000

static volatile sig_atomic_t ended;
static unsigned times[TIMES_MAX]; /* microseconds */

static void
on_term(int signum)
{
	(void)signum;
	ended = 1;
}

static int
bind_once(unsigned port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int r, error;

	if (fd < 0)
		return errno;
	in.sin_port = htons((uint16_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r = bsock_bind(fd, (struct sockaddr *)&in, sizeof(in));
	error = r == 0 ? 0 : errno;
	(void)close(fd);
	return error;
}

static unsigned
microseconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - start->tv_sec) * 1000000 +
			  (now.tv_nsec - start->tv_nsec) / 1000);
}

static int
compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	unsigned long count, n = 0, failed = 0;
	int last = 0;

	if (argc != 3)
		return 2;
	count = number(argv[1], UINT32_MAX);
	(void)signal(SIGTERM, on_term);
	while (!ended && (count == 0 || n < count) && n < TIMES_MAX) {
		struct timespec start;
		int error;

		(void)clock_gettime(CLOCK_MONOTONIC, &start);
		error = bind_once(number(argv[2], UINT16_MAX));
		times[n++] = microseconds_since(&start);
		if (error != 0) {
			failed++;
			last = error;
		}
	}
	qsort(times, n, sizeof(times[0]), compare);
	(void)printf("uid=%d requests=%lu failed=%lu p50=%uus p99=%uus max=%uus"
		     "%s%s\n",
	    (int)getuid(), n, failed, n > 0 ? times[n / 2] : 0,
	    n > 0 ? times[n * 99 / 100] : 0, n > 0 ? times[n - 1] : 0,
	    failed > 0 ? " last error: " : "",
	    failed > 0 ? strerror(last) : "");
	return failed > 0 || n == 0;
}
