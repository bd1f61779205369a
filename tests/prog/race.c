/*
 * race - ask for two addresses with one and the same socket at once
 *
 *	race ADDRESS ADDRESS [ROUNDS]
 *
 * What a program made itself must never be bound to a reserved address: it
 * shares that description with whomever it likes.  Exit 0 when it never was,
 * and each descriptor is bound to what it was asked for.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bsock.h"
#include "number.h"

struct side {
	struct addrinfo ai;
	struct sockaddr_storage ss;
	int fd;
	int result;
};

static void *
ask(void *arg)
{
	struct side *side = arg;

	side->result = bsock_bind_addrinfo(side->fd, &side->ai);
	return NULL;
}

static in_port_t
port_of(int fd)
{
	struct sockaddr_in in = {.sin_port = 0};
	socklen_t len = sizeof(in);

	(void)getsockname(fd, (struct sockaddr *)&in, &len);
	return in.sin_port;
}

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* 0 when all is well. */
static int
one_round(struct side sides[2])
{
	pthread_t threads[2];
	int on = 1, bad = 0;
	int own = socket(AF_INET, SOCK_STREAM, 0);

	(void)setsockopt(own, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	for (int i = 0; i < 2; i++) {
		sides[i].fd = dup(own);
		if (pthread_create(&threads[i], NULL, ask, &sides[i]) != 0)
			exit(2);
	}
	for (int i = 0; i < 2; i++) {
		const struct sockaddr_in *want =
		    (struct sockaddr_in *)&sides[i].ss;

		(void)pthread_join(threads[i], NULL);
		bad += sides[i].result != 0 ||
		       port_of(sides[i].fd) != want->sin_port ||
		       inode_of(sides[i].fd) == inode_of(own);
		(void)close(sides[i].fd);
	}
	bad += port_of(own) != 0;
	(void)close(own);
	return bad;
}

int
main(int argc, char **argv)
{
	struct side sides[2];
	unsigned long rounds = 200;
	int bad = 0;

	if (argc < 3)
		return 2;
	for (int i = 0; i < 2; i++)
		if (bsock_addrinfo_parse(
			&sides[i].ai, &sides[i].ss, argv[i + 1]) != 0)
			return 2;
	if (argc > 3)
		rounds = number(argv[3], UINT32_MAX);
	while (rounds-- > 0)
		bad += one_round(sides);
	(void)printf("%d\n", bad);
	return bad != 0;
}
