/*
 * fetch - get a page
 *
 *	fetch ADDRESS PORT
 *
 * prints the body of http://ADDRESS:PORT/, for which it tries for 5 seconds.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Returns the connection, or -1. */
static int
dial(const char *address, const char *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct timeval patience = {5, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_port = htons((in_port_t)strtoul(port, NULL, 10));
	(void)inet_pton(AF_INET, address, &in.sin_addr);
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int
main(int argc, char **argv)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	static char reply[65536];
	struct timespec pause = {0, 50000000};
	size_t len = 0;
	ssize_t n;
	char *body;
	int fd = -1;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: fetch address port\n");
		return 2;
	}
	for (int i = 0; i < 100 && (fd = dial(argv[1], argv[2])) < 0; i++)
		(void)nanosleep(&pause, NULL);
	if (fd < 0) {
		perror("fetch: connect");
		return 1;
	}
	(void)send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
	while (len < sizeof(reply) - 1 &&
	       (n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0)) > 0)
		len += (size_t)n;
	body = strstr(reply, "\r\n\r\n");
	if (body == NULL) {
		(void)fprintf(stderr, "fetch: no answer\n");
		return 1;
	}
	(void)printf("%s", body + 4);
	return 0;
}
