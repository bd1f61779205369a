/*
 * listenfds - a server that gets its sockets from whoever starts it
 *
 *	bsock-run -l 'AF_INET SOCK_STREAM tcp 80 0.0.0.0' listenfds TEXT
 *
 * Sockets begin at descriptor 3, LISTEN_FDS says how many there are and
 * LISTEN_PID for whom: see sd_listen_fds(3), of which this needs nothing.
 * The program says TEXT to each connection, as a web server does.
 *
 *	cc -o listenfds listenfds.c
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST 3
#define MOST  16

/* How many descriptors were passed to this process. */
static int
listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid())
		return 0;
	n = strtol(fds, NULL, 10);
	return n < 0 ? 0 : n > MOST ? MOST : (int)n;
}

static void
serve(int listener, const char *text)
{
	char request[1024];
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	if (read(fd, request, sizeof(request)) > 0)
		(void)dprintf(fd, "HTTP/1.0 200 OK\r\n\r\n%s\n", text);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	struct pollfd polls[MOST];
	int n = listen_fds();

	if (argc != 2 || n == 0) {
		(void)fprintf(
		    stderr, "usage: bsock-run -l ADDRESS %s TEXT\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		polls[i].fd = FIRST + i;
		polls[i].events = POLLIN;
	}
	for (;;) {
		if (poll(polls, (nfds_t)n, -1) < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++)
			if ((polls[i].revents & POLLIN) != 0)
				serve(polls[i].fd, argv[1]);
	}
}
