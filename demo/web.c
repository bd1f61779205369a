/*
 * web - an ordinary small web server
 *
 *	web ADDRESS PORT
 *
 * answers every request with a page that says who runs it.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
listen_at(const char *address, unsigned long port)
{
	struct sockaddr_in in = {
	    .sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, address, &in.sin_addr) != 1) {
		(void)fprintf(stderr, "web: not an address: %s\n", address);
		exit(2);
	}
	if (fd < 0)
		die("web: socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		die("web: bind");
	if (listen(fd, 16) != 0)
		die("web: listen");
	return fd;
}

static void
answer(int fd, unsigned long port)
{
	char page[256], request[1024];
	int n = snprintf(page, sizeof(page),
	    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
	    "Hello from uid %ld on port %lu.\n",
	    (long)geteuid(), port);

	(void)!read(fd, request, sizeof(request));
	(void)!write(fd, page, (size_t)n);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	unsigned long port;
	int listener;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: web address port\n");
		return 2;
	}
	port = strtoul(argv[2], NULL, 10);
	listener = listen_at(argv[1], port);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(60); /* whatever becomes of whoever started it */
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			answer(fd, port);
	}
}
