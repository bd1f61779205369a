/*
 * floor SOCKET [THREADS] - the least that a broker can do
 *
 * Accept, ask who is there, receive one request with one descriptor, bind,
 * answer, close.  No policy, no checks, no log, and a client that stays
 * silent holds a thread for ever: what bsock does beyond this is what bsock
 * costs.  For the bench only; it binds anything for anybody.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY 56 /* bytes of a request before its sockaddr */

static int listener;

static ssize_t
receive(int conn, uint8_t *buf, size_t size, int *fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = CMSG_LEN(sizeof(int)),
	};
	struct cmsghdr *cmsg;
	ssize_t n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);

	cmsg = CMSG_FIRSTHDR(&msg);
	if (n > 0 && cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return n;
}

static void
serve(int conn)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	uint8_t buf[BODY + 128];
	uint32_t reply[2] = {EINVAL, 0};
	int fd = -1;
	ssize_t n;

	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return;
	n = receive(conn, buf, sizeof(buf), &fd);
	if (n > BODY && fd >= 0) {
		struct sockaddr_storage ss;

		memcpy(&ss, buf + BODY, (size_t)n - BODY);
		reply[0] = 0;
		if (bind(fd, (struct sockaddr *)&ss, (socklen_t)n - BODY) != 0)
			reply[0] = (uint32_t)errno;
	}
	if (fd >= 0)
		(void)close(fd);
	(void)send(conn, reply, sizeof(reply), MSG_NOSIGNAL);
}

static void *
worker(void *unused)
{
	for (;;) {
		int conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (conn < 0)
			continue;
		serve(conn);
		(void)close(conn);
	}
	return unused;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	long threads = argc > 2 ? strtol(argv[2], NULL, 10) : 4;

	if (argc < 2 || strlen(argv[1]) >= sizeof(sun.sun_path)) {
		(void)fprintf(stderr, "usage: floor SOCKET [THREADS]\n");
		return 2;
	}
	memcpy(sun.sun_path, argv[1], strlen(argv[1]));
	(void)umask(0111);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    listen(listener, SOMAXCONN) != 0) {
		perror(argv[1]);
		return 1;
	}
	for (long i = 1; i < threads; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, NULL, worker, NULL);
		if (errno != 0) {
			perror("pthread_create");
			return 1;
		}
	}
	(void)worker(NULL);
	return 0;
}
