/*
 * libbsock_ask - one question to bsock
 *
 * Every call opens a connection, asks, reads one answer and closes: nothing
 * is kept between calls, so that there is nothing that a fork, a thread or a
 * program that closes all its descriptors could upset.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "libbsock_ask.h"

#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bsock_addr.h"
#include "bsock_compat.h"
#include "bsock_fdpass.h"
#include "bsock_paths.h"
#include "bsock_wire.h"
#include "libbsock_answer.h"
#include "libbsock_helper.h"

#define TIMEOUT_MS   5000
#define PAUSE_MAX_MS 128

struct answer {
	bool asked; /* the question is out: it may be acted on unanswered */
	struct bsock_reply reply;
	int fd; /* what came along, or -1 */
};

/* --- the question ------------------------------------------------------ */

/* bind(2) takes any length that is long enough, and so must a shim. */
static size_t
exact_length(sa_family_t family, size_t len)
{
	switch (family) {
	case AF_INET:
		return len < sizeof(struct sockaddr_in)
			   ? len
			   : sizeof(struct sockaddr_in);
	case AF_INET6:
		return len < sizeof(struct sockaddr_in6)
			   ? len
			   : sizeof(struct sockaddr_in6);
	default:
		return len;
	}
}

int
bsock_ask_prepare(
    struct bsock_request *request, int fd, const void *addr, size_t addrlen)
{
	struct sockaddr_storage ss;
	int socktype, protocol = 0;
	socklen_t len = sizeof(socktype);

	memset(request, 0, sizeof(*request));
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &socktype, &len) != 0)
		return errno;
#if HAVE_SO_PROTOCOL
	len = sizeof(protocol);
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) != 0)
		return errno;
#endif
	if (addrlen > sizeof(ss))
		return EINVAL;
	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, addr, addrlen);
	return bsock_addr_from_sockaddr(&request->addr, ss.ss_family, socktype,
	    protocol, &ss, exact_length(ss.ss_family, addrlen));
}

/* --- one exchange ------------------------------------------------------ */

/* The helpers below return 0 or an errno value. */

/*
 * Lets the socket itself wait until the deadline, and no longer, for what the
 * option says; false when it is over.
 */
static bool
wait_until(int sock, int option, const struct timespec *deadline)
{
	int left = bsock_fdpass_left(deadline);
	const struct timeval timeout = {left / 1000, left % 1000 * 1000L};

	return left > 0 && setsockopt(sock, SOL_SOCKET, option, &timeout,
			       sizeof(timeout)) == 0;
}

static int
send_request(int sock, const struct bsock_ask *ask)
{
	uint8_t buf[BSOCK_WIRE_BINARY_MAX];
	size_t len = bsock_wire_encode_request(&ask->request, buf);
	ssize_t n;

	do {
		n = bsock_fdpass_send(sock, buf, len, ask->fd, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	return (size_t)n == len ? 0 : EPROTO;
}

/* EAGAIN: there is none, with MSG_DONTWAIT not yet. */
static int
receive_reply(int sock, struct answer *answer, int flags)
{
	uint8_t buf[BSOCK_WIRE_REPLY_SIZE + 1];
	ssize_t n;

	n = bsock_fdpass_recv(sock, buf, sizeof(buf), &answer->fd, flags);
	if (n < 0)
		return errno;
	if (n == 0)
		return ECONNRESET;
	if (bsock_wire_decode_reply(&answer->reply, buf, (size_t)n) != 0 ||
	    answer->reply.error < 0)
		return EPROTO;
	return 0;
}

/*
 * Nobody answered in time.  The daemon binds for nobody who has hung up, so
 * hang up first and look for a last answer after: none can come later.
 */
static int
last_reply(int sock, struct answer *answer)
{
	(void)shutdown(sock, SHUT_RDWR);
	return receive_reply(sock, answer, MSG_DONTWAIT) == 0 ? 0 : ETIMEDOUT;
}

/*
 * The daemon is at work already while the socket is made to block and gets its
 * time limit.  Not poll(2): the daemon's reading of the request wakes who
 * sleeps in recvmsg(2), which has a processor that is not the daemon's awake
 * by the time of the answer; poll(2) sleeps on, and is a fifth slower there.
 */
static int
await_reply(int sock, const struct timespec *deadline, struct answer *answer)
{
	int error = EAGAIN;

	(void)fcntl(sock, F_SETFL, 0); /* if not, there is no waiting */
	while (wait_until(sock, SO_RCVTIMEO, deadline)) {
		error = receive_reply(sock, answer, 0);
		if (error != EINTR)
			break;
	}
	if (error == EINTR || error == EAGAIN)
		return last_reply(sock, answer);
	return error;
}

/*
 * A socket that bsock made came along.  It closes its own copy, and then the
 * connection: whoever waits for that can close the socket and ask again at
 * once.
 */
static void
await_end(int sock, const struct timespec *deadline)
{
	(void)bsock_fdpass_wait(sock, POLLIN, deadline);
}

static int
exchange(int sock, const struct bsock_ask *ask, const struct timespec *deadline,
    struct answer *answer)
{
	int error = send_request(sock, ask);

	/* A daemon that is full answers and closes before it has read. */
	if (error != 0 && error != EPIPE && error != ECONNRESET)
		return error;
	answer->asked = error == 0;
	error = await_reply(sock, deadline, answer);
	if (error == 0 && ask->fd < 0 && answer->fd >= 0)
		await_end(sock, deadline);
	return error;
}

/* --- the daemon, or the setuid program --------------------------------- */

const char *
bsock_ask_path(void)
{
	const char *path = secure_getenv("BSOCK_SOCKET");

	return path != NULL && *path != '\0' ? path : BSOCK_SOCKET_PATH;
}

static int
daemon_address(const char *path, struct sockaddr_un *sun, socklen_t *len)
{
	size_t n = strlen(path);

	if (n >= sizeof(sun->sun_path))
		return ENAMETOOLONG;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	if (*path == '@') {
		sun->sun_path[0] = '\0';
		(*len)--;
	}
	return 0;
}

/* The backlog is full: the socket waits for a place until the deadline.
 * EAGAIN: there was none. */
static int
connect_slowly(int sock, const struct sockaddr_un *sun, socklen_t len,
    const struct timespec *deadline)
{
	if (fcntl(sock, F_SETFL, 0) != 0)
		return errno;
	while (wait_until(sock, SO_SNDTIMEO, deadline)) {
		if (connect(sock, (const struct sockaddr *)sun, len) == 0)
			return 0;
		if (errno != EINTR)
			return errno;
	}
	return EAGAIN;
}

static int
connect_daemon(const char *path, const struct timespec *deadline, int *sock)
{
	struct sockaddr_un sun;
	socklen_t len;
	int error = daemon_address(path, &sun, &len);

	if (error != 0)
		return error;
	*sock = bsock_compat_socket_nonblock(AF_UNIX, SOCK_STREAM, 0);
	if (*sock < 0)
		return errno;
	if (connect(*sock, (const struct sockaddr *)&sun, len) == 0)
		return 0;
	error = errno;
	if (error == EAGAIN)
		error = connect_slowly(*sock, &sun, len, deadline);
	if (error == 0)
		return 0;
	(void)close(*sock);
	*sock = -1;
	return error;
}

static int
ask_program(const struct bsock_ask *ask, const struct timespec *deadline,
    struct answer *answer)
{
	int pair[2];
	int error;

	if (bsock_compat_socketpair(pair) != 0)
		return errno;
	error = send_request(pair[0], ask);
	if (error == 0)
		error = bsock_helper_run(pair[1], deadline);
	(void)close(pair[1]);
	if (error == 0)
		error = receive_reply(pair[0], answer, MSG_DONTWAIT);
	(void)close(pair[0]);
	return error;
}

static int
ask_once(const struct bsock_ask *ask, const struct timespec *deadline,
    struct answer *answer)
{
	int sock = -1;
	int error;

	error = connect_daemon(
	    ask->path != NULL ? ask->path : bsock_ask_path(), deadline, &sock);
	if (error == ENOENT || error == ECONNREFUSED) {
		int none = error;

		error = ask_program(ask, deadline, answer);
		return error == ENOENT ? none : error;
	}
	if (error != 0)
		return error;
	error = exchange(sock, ask, deadline, answer);
	(void)close(sock);
	return error;
}

/* --- until there is an answer ------------------------------------------ */

static void
drop(struct answer *answer)
{
	if (answer->fd >= 0)
		(void)close(answer->fd);
	answer->fd = -1;
}

static void
sleep_ms(unsigned ms)
{
	struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

	(void)nanosleep(&ts, NULL);
}

/*
 * Longer each time, and no two clients for the same time.  False when the
 * time is up.
 */
static bool
pause_before_retry(unsigned *pause, const struct timespec *deadline)
{
	int left = bsock_fdpass_left(deadline);
	struct timespec now;
	unsigned ms;

	if (left <= 0)
		return false;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	ms = *pause + (unsigned)(now.tv_nsec / 1000) % *pause;
	sleep_ms(ms < (unsigned)left ? ms : (unsigned)left);
	if (*pause < PAUSE_MAX_MS)
		*pause *= 2;
	return true;
}

/* One question and what follows from its answer. */
static int
ask_and_settle(
    struct bsock_ask *ask, const struct timespec *deadline, int *made)
{
	struct answer answer = {.fd = -1};
	int error = ask_once(ask, deadline, &answer);

	ask->answered = error == 0;
	if (error == 0) {
		error = answer.reply.error;
		ask->reserved = (answer.reply.flags & BSOCK_WIRE_RESERVED) != 0;
		if (error == 0)
			error = bsock_answer_take(ask, answer.fd);
	} else if (answer.asked && bsock_answer_unsaid(ask)) {
		error = 0;
	}
	if (error == 0 && ask->fd < 0) {
		*made = answer.fd;
		answer.fd = -1;
	}
	drop(&answer);
	return error;
}

static int
ask_until(struct bsock_ask *ask, int *made)
{
	struct timespec deadline = bsock_fdpass_deadline(TIMEOUT_MS);
	unsigned pause = 1;
	bool reset = false;

	for (;;) {
		int error = ask_and_settle(ask, &deadline, made);

		switch (error) {
		case EAGAIN:
		case ETIME:
		case ETOOMANYREFS:
			break;
		case ECONNRESET:
			/* Once: a daemon that is being replaced. */
			if (reset)
				return error;
			reset = true;
			break;
		case BSOCK_ANSWER_AFRESH:
			ask->request.rebind = true;
			continue;
		default:
			return error;
		}
		if (!pause_before_retry(&pause, &deadline)) {
			ask->answered = false;
			return ETIMEDOUT;
		}
	}
}

int
bsock_ask(struct bsock_ask *ask)
{
	int saved = errno;
	int made = -1;
	int error, state;

	ask->answered = ask->reserved = false;
	/* A thread that is cancelled in here would leak descriptors. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	error = ask_until(ask, &made);
	(void)pthread_setcancelstate(state, NULL);
	errno = error != 0 ? error : saved;
	if (error != 0)
		return -1;
	return ask->fd < 0 ? made : 0;
}
