/*
 * A server that asks bsock for its address, with libbsock:
 *
 *	cc -o server server.c $(pkg-config --cflags --libs libbsock)
 *	./server 'AF_INET SOCK_STREAM tcp 80 0.0.0.0'
 *
 * It greets whoever connects.  This file is in the public domain.
 */
#include <sys/socket.h>

#include <bsock.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_storage ss;
	struct addrinfo ai;
	int s;

	if (argc != 2 || bsock_addrinfo_parse(&ai, &ss, argv[1]) != 0) {
		(void)fprintf(stderr,
		    "usage: server 'AF_INET SOCK_STREAM tcp 80 0.0.0.0'\n");
		return 2;
	}
	s = bsock_socket_addrinfo(&ai);
	if (s < 0 || listen(s, SOMAXCONN) != 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		int c = accept(s, NULL, NULL);

		if (c < 0)
			continue;
		(void)!write(c, "hello\n", 6);
		(void)close(c);
	}
}
