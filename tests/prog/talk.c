/*
 * talk - one conversation, as a line of shell
 *
 *	talk [-u] ADDRESS PORT [TEXT]
 *
 * connects to a numeric address (-u: UDP), sends TEXT, in which \r and \n are
 * what they are in C, and prints what comes back: until the peer closes, or
 * for UDP one datagram.  After 5 s without a byte it gives up: exit 1, as
 * when the connection is refused.  It knows nothing of bsock.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <netdb.h>
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

static size_t
unescape(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n < size; text++) {
		char c = *text;

		if (c == '\\' && (text[1] == 'n' || text[1] == 'r'))
			c = *++text == 'n' ? '\n' : '\r';
		out[n++] = c;
	}
	return n;
}

static int
dial(const char *address, const char *port, int socktype)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = socktype};
	struct timeval patience = {5, 0};
	struct addrinfo *ai;
	int fd;

	if (getaddrinfo(address, port, &hints, &ai) != 0) {
		(void)fprintf(stderr, "talk: %s %s\n", address, port);
		exit(2);
	}
	fd = socket(ai->ai_family, socktype, 0);
	if (fd < 0)
		die("socket");
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0)
		die("connect");
	freeaddrinfo(ai);
	return fd;
}

int
main(int argc, char **argv)
{
	int udp = argc > 1 && strcmp(argv[1], "-u") == 0;
	char buf[65536];
	ssize_t n;
	int fd;

	argc -= udp;
	argv += udp;
	if (argc != 3 && argc != 4) {
		(void)fprintf(stderr, "usage: talk [-u] address port [text]\n");
		return 2;
	}
	fd = dial(argv[1], argv[2], udp ? SOCK_DGRAM : SOCK_STREAM);
	if (argc == 4) {
		size_t len = unescape(argv[3], buf, sizeof(buf));

		if (send(fd, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
			die("send");
	}
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		(void)!write(STDOUT_FILENO, buf, (size_t)n);
		if (udp)
			return 0;
	}
	if (n < 0)
		die("recv");
	return 0;
}
