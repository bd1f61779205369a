/*
 * floor [-q] SOCKET [THREADS] - the least that a broker can do
 *
 * Accept, ask who is there, receive one request with one descriptor, bind,
 * answer, close.  No policy, no checks, no log, and a client that stays
 * silent holds a thread for ever: what bsock does beyond this is what bsock
 * costs.  For the bench only; it binds anything for anybody.
 *
 * -q: with the questions that bsock asks of the kernel for each request, in
 * their order, under a seccomp filter that allows everything, and still
 * without policy and log: what any daemon pays that wants the answers.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY 56 /* bytes of a request before its sockaddr */

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static int listener;
static bool asks; /* -q */

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
ask(int conn, int fd)
{
	static const int options[] = {
	    SO_DOMAIN, SO_TYPE, SO_PROTOCOL, SO_NETNS_COOKIE};
	struct pollfd hung_up = {.fd = conn};
	uint64_t value;
	socklen_t len = sizeof(value);

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		len = sizeof(value);
		(void)getsockopt(fd, SOL_SOCKET, options[i], &value, &len);
	}
	len = sizeof(value);
	(void)getsockopt(conn, SOL_SOCKET, SO_NETNS_COOKIE, &value, &len);
	(void)poll(&hung_up, 1, 0);
}

static int
confine(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
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

		if (asks)
			ask(conn, fd);
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

static int
listen_at(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	(void)umask(0111);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		return -1;
	return listen(listener, SOMAXCONN);
}

int
main(int argc, char **argv)
{
	long threads;

	if (argc > 1 && strcmp(argv[1], "-q") == 0) {
		asks = true;
		argc--;
		argv++;
	}
	if (argc < 2) {
		(void)fprintf(stderr, "usage: floor [-q] SOCKET [THREADS]\n");
		return 2;
	}
	threads = argc > 2 ? strtol(argv[2], NULL, 10) : 4;
	if (listen_at(argv[1]) != 0 || (asks && confine() != 0)) {
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
