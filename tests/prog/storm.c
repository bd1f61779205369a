/*
 * storm - binds while signals come
 *
 *	storm [-e] COUNT PORT
 *
 * binds COUNT sockets to 127.0.0.1 PORT, one after the other, while a thread
 * sends this one a signal every 50 us.  Prints the number of binds that
 * failed.  With -e the signal's handler does not restart system calls, and a
 * bind that was interrupted is tried again.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

static volatile sig_atomic_t signals;
static bool again; /* -e */
static pthread_t target;

static void
on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void *
send_signals(void *arg)
{
	(void)arg;
	for (;;) {
		(void)pthread_kill(target, SIGUSR1);
		(void)usleep(50);
	}
	return NULL;
}

static int
bind_one(const struct sockaddr_in *in)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int r;

	do
		r = bind(fd, (const struct sockaddr *)in, sizeof(*in));
	while (r != 0 && errno == EINTR && again);
	if (r != 0)
		perror("bind");
	(void)close(fd);
	return r != 0;
}

int
main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sockaddr_in in = {.sin_family = AF_INET};
	pthread_t thread;
	int failed = 0;

	if (argc == 4 && strcmp(argv[1], "-e") == 0) {
		again = true;
		sa.sa_flags = 0;
		argv++;
		argc--;
	}
	if (argc != 3)
		return 2;
	in.sin_port = htons((in_port_t)number(argv[2], UINT16_MAX));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	target = pthread_self();
	(void)sigaction(SIGUSR1, &sa, NULL);
	if (pthread_create(&thread, NULL, send_signals, NULL) != 0)
		return 2;
	for (unsigned i = number(argv[1], INT32_MAX); i > 0; i--)
		failed += bind_one(&in);
	(void)printf(
	    "%d failed, %s signals\n", failed, signals > 100 ? "many" : "few");
	return failed != 0;
}
