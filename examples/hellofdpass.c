/*
 * hellofdpass PATH STRING - a receiver for bsock-portlisten
 *
 * Binds a unix datagram socket at PATH; each datagram should carry a
 * connection.  Writes STRING to it and closes it.  Whoever can write to PATH
 * is believed: put it into a directory of mode 0700.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
open_receiver(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int sock;

	if (len >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, len);
	if (unlink(path) != 0 && errno != ENOENT)
		return -1;
	sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		return -1;
	return sock;
}

/* The connection that the next datagram carries, or -1. */
static int
receive_connection(int sock)
{
	char byte;
	int fd = -1;
	union {
		struct cmsghdr header;
		char buf[CMSG_SPACE(sizeof(fd))];
	} control;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    /* CMSG_SPACE would let in two descriptors. */
	    .msg_controllen = CMSG_LEN(sizeof(fd)),
	};
	struct cmsghdr *c;

	if (recvmsg(sock, &msg, 0) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int
main(int argc, char **argv)
{
	int sock;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: hellofdpass path string\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	sock = open_receiver(argv[1]);
	if (sock < 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		int fd = receive_connection(sock);

		if (fd < 0)
			continue;
		/* Fails for what is no socket, and for a peer that has gone. */
		(void)send(fd, argv[2], strlen(argv[2]), MSG_DONTWAIT);
		(void)close(fd);
	}
}
