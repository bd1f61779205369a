/*
 * hostile MODE [TEXT]: what nobody should do to bsock, until SIGTERM.
 *
 *	idle		connects and says nothing, on many connections
 *	dribble		sends a request byte by byte
 *	descriptors	sends a request with 253 descriptors
 *	linger		sends sockets whose close takes seconds (SO_LINGER)
 *	garbage		sends random bytes, some of which look like a request
 *	halfopen	shuts one direction or the other down
 *	killed		processes that die in the middle
 *	noread		asks for sockets (TEXT) and never reads the replies
 *	denied		asks for what no rule allows
 *
 * It asks $BSOCK_SOCKET itself, without libbsock.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HELD_MAX        300
#define DESCRIPTORS_MAX 253

static volatile sig_atomic_t ended;
static const char *text = "AF_INET SOCK_STREAM tcp 80 127.0.0.1";
static int held[HELD_MAX];

static void
on_term(int signum)
{
	(void)signum;
	ended = 1;
}

static void
pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

static int
ask_connection(void)
{
	const char *path = getenv("BSOCK_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0 || path == NULL || strlen(path) >= sizeof(un.sun_path)) {
		pause_ms(10);
		return s;
	}
	memcpy(un.sun_path, path, strlen(path));
	/* Not to wait: a full queue of the daemon is what we are after. */
	(void)fcntl(s, F_SETFL, O_NONBLOCK);
	if (connect(s, (struct sockaddr *)&un, sizeof(un)) != 0) {
		(void)close(s);
		pause_ms(1);
		return -1;
	}
	return s;
}

static void
send_text(int s)
{
	(void)send(s, text, strlen(text), MSG_NOSIGNAL);
}

static void
read_and_close(int s)
{
	struct pollfd p = {.fd = s, .events = POLLIN};
	char buf[64];

	(void)poll(&p, 1, 3000);
	(void)recv(s, buf, sizeof(buf), MSG_DONTWAIT);
	(void)close(s);
}

/* Sends what text says with n copies of fd. */
static void
send_descriptors(int s, const int *fds, size_t n)
{
	union {
		char buf[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {
	    .iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *c = &control.align;

	memset(&control, 0, sizeof(control));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	(void)sendmsg(s, &msg, MSG_NOSIGNAL);
}

/* Keeps many connections; each call replaces the oldest one. */
static void
hold(int s)
{
	static size_t next;

	if (held[next] >= 0)
		(void)close(held[next]);
	held[next] = s;
	next = (next + 1) % HELD_MAX;
}

static void
idle(void)
{
	hold(ask_connection());
	pause_ms(1);
}

static void
dribble(void)
{
	int s = ask_connection();

	for (size_t i = 0; s >= 0 && i < strlen(text) && !ended; i++) {
		if (send(s, text + i, 1, MSG_NOSIGNAL) != 1)
			break;
		pause_ms(5);
	}
	if (s >= 0)
		read_and_close(s);
}

static void
descriptors(void)
{
	int fds[DESCRIPTORS_MAX];
	int s = ask_connection();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	for (size_t i = 0; i < DESCRIPTORS_MAX; i++)
		fds[i] = fd;
	if (s >= 0 && fd >= 0) {
		send_descriptors(s, fds, DESCRIPTORS_MAX);
		read_and_close(s);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* A connected socket with unsent data, which its last close waits for. */
static int
lingering_socket(int *peer)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct linger linger = {1, 3};
	socklen_t len = sizeof(in);
	static char data[65536];
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&in, &len) != 0)
		exit(1);
	(void)connect(s, (struct sockaddr *)&in, sizeof(in));
	*peer = accept(listener, NULL, NULL);
	(void)close(listener);
	while (send(s, data, sizeof(data), MSG_NOSIGNAL) > 0)
		;
	(void)setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	(void)fcntl(s, F_SETFL, 0);
	return s;
}

/* The sender's own copy goes by its exit, which does not linger: then the
 * daemon's close is the last one. */
static void
linger(void)
{
	int peer = -1, s = ask_connection();
	int fd = lingering_socket(&peer);
	int fds[2] = {fd, fd};
	pid_t pid = fork();

	if (pid == 0) {
		pause_ms(2); /* until our parent has closed its copy */
		/* One, or a surplus one too. */
		if (s >= 0)
			send_descriptors(s, fds, getpid() % 2 == 0 ? 1 : 2);
		_exit(0);
	}
	(void)close(fd);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	if (s >= 0)
		read_and_close(s);
	(void)close(peer);
}

static void
garbage(void)
{
	uint8_t buf[700];
	size_t len = (size_t)rand() % sizeof(buf);
	int s = ask_connection();

	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)rand();
	if (rand() % 2 == 0 && len > 28)
		memset(buf, 0, 28);
	if (s < 0)
		return;
	(void)send(s, buf, len, MSG_NOSIGNAL);
	read_and_close(s);
}

static void
halfopen(void)
{
	int s = ask_connection();

	if (s < 0)
		return;
	switch (rand() % 3) {
	case 0:
		(void)shutdown(s, SHUT_WR);
		break;
	case 1:
		(void)shutdown(s, SHUT_RD);
		send_text(s);
		break;
	default:
		send_text(s);
		(void)shutdown(s, SHUT_RDWR);
	}
	read_and_close(s);
}

static void
killed(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int s = ask_connection();

		if (s >= 0 && getpid() % 2 == 0)
			send_text(s);
		(void)kill(getpid(), SIGKILL);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

static void
noread(void)
{
	int s = ask_connection();

	if (s >= 0)
		send_text(s);
	hold(s);
	pause_ms(1);
}

static void
denied(void)
{
	int s = ask_connection();

	if (s < 0)
		return;
	send_text(s);
	read_and_close(s);
}

static const struct {
	const char *name;
	void (*act)(void);
} modes[] = {{"idle", idle}, {"dribble", dribble}, {"descriptors", descriptors},
    {"linger", linger}, {"garbage", garbage}, {"halfopen", halfopen},
    {"killed", killed}, {"noread", noread}, {"denied", denied}};

int
main(int argc, char **argv)
{
	unsigned long n = 0;

	if (argc < 2)
		return 2;
	if (argc > 2)
		text = argv[2];
	for (size_t i = 0; i < HELD_MAX; i++)
		held[i] = -1;
	srand((unsigned)getpid());
	(void)signal(SIGTERM, on_term);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) != 0)
			continue;
		for (; !ended; n++)
			modes[i].act();
		(void)printf("%s: %lu\n", argv[1], n);
		return 0;
	}
	return 2;
}
