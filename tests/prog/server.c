/*
 * server - a web server of one page that knows nothing of bsock
 *
 *	server [-c] [-d] [-i FILE] ADDRESS PORT TEXT
 *
 * answers each connection with TEXT, until killed.  It is compiled in many
 * ways (static, for another machine) for tests of what can help it.
 *	-c	close every descriptor first
 *	-d	daemonise: bind when the first process is gone
 *	-i FILE	write the pid there, after listen(2)
 *	-n N	give the socket that number, without close-on-exec
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
daemonise(void)
{
	pid_t first = getpid();
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		_exit(0);
	(void)setsid();
	if (freopen("/dev/null", "r", stdin) == NULL ||
	    freopen("/dev/null", "w", stdout) == NULL ||
	    freopen("/dev/null", "w", stderr) == NULL)
		_exit(1);
	while (kill(first, 0) == 0)
		(void)usleep(2000);
}

static int
open_socket(const char *address, const char *port, int as)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	bool v4 = inet_pton(AF_INET, address, &in.sin_addr) == 1;
	int on = 1;
	int fd, r;

	in.sin_port = in6.sin6_port =
	    htons((in_port_t)number(port, UINT16_MAX));
	if (!v4 && inet_pton(AF_INET6, address, &in6.sin6_addr) != 1)
		die(address);
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	if (as >= 0 && (fd = dup2(fd, as)) < 0)
		die("dup2");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	r = v4 ? bind(fd, (struct sockaddr *)&in, sizeof(in))
	       : bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	if (r != 0)
		die("bind");
	if (listen(fd, 16) != 0)
		die("listen");
	return fd;
}

static void
write_pid(const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fprintf(f, "%ld\n", (long)getpid()) < 0 ||
	    fclose(f) != 0)
		die(path);
}

static void
answer(int fd, const char *text)
{
	char request[1024];

	if (read(fd, request, sizeof(request)) > 0)
		(void)dprintf(fd,
		    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n%s\n",
		    text);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	const char *pidfile = NULL;
	int c, fd, as = -1;

	while ((c = getopt(argc, argv, "cdi:n:")) != -1) {
		if (c == 'c')
			for (fd = 0; fd < 1024; fd++)
				(void)close(fd);
		else if (c == 'd')
			daemonise();
		else if (c == 'i')
			pidfile = optarg;
		else if (c == 'n')
			as = (int)number(optarg, INT16_MAX);
		else
			return 2;
	}
	if (argc - optind != 3)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	fd = open_socket(argv[optind], argv[optind + 1], as);
	if (pidfile != NULL)
		write_pid(pidfile);
	for (;;)
		answer(accept(fd, NULL, NULL), argv[optind + 2]);
}
