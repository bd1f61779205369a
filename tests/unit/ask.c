/*
 * The library against a daemon that answers late, wrongly or not at all.
 * Each server here is a few lines that play one fault; what a real daemon
 * does is for the scripts.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "bsock.h"
#include "bsock_fdpass.h"
#include "tap.h"

/* --- the servers ------------------------------------------------------- */

struct server {
	const char *name;
	void (*serve)(int conn, int turn);
	int turns, backlog;
	int listener;
	pthread_t thread;
};

static void *
server_main(void *arg)
{
	struct server *s = arg;

	for (int turn = 0; turn < s->turns; turn++) {
		int conn = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

		s->serve(conn, turn);
		close(conn);
	}
	return NULL;
}

static void
server_start(struct server *s)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char name[64];
	static int count;
	size_t n;

	n = (size_t)snprintf(name, sizeof(name), "@bsock-unit-ask-%d-%d",
	    (int)getpid(), ++count);
	memcpy(sun.sun_path + 1, name + 1, n - 1);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listener, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0 ||
	    listen(s->listener, s->backlog) != 0)
		perror("server");
	setenv("BSOCK_SOCKET", name, 1);
	if (s->turns > 0)
		pthread_create(&s->thread, NULL, server_main, s);
}

static void
server_end(struct server *s)
{
	if (s->turns > 0)
		pthread_join(s->thread, NULL);
	close(s->listener);
}

/* The request and, if one came, its descriptor. */
static int
get_request(int conn)
{
	char buf[512];
	int fd = -1;

	(void)bsock_fdpass_recv(conn, buf, sizeof(buf), &fd, 0);
	return fd;
}

static void
answer(int conn, int32_t error, uint32_t flags, int fd)
{
	uint32_t reply[2] = {(uint32_t)error, flags};

	(void)bsock_fdpass_send(conn, reply, sizeof(reply), fd, 0);
}

static void
wait_for_hang_up(int conn)
{
	struct timespec deadline = bsock_fdpass_deadline(10000);

	(void)bsock_fdpass_wait(conn, 0, &deadline);
}

static int
bind_loopback(int fd)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return bind(fd, (struct sockaddr *)&in, sizeof(in));
}

static void
say_bound(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
	answer(conn, 0, 0, -1);
}

static void
say_bound_in_4_bytes(int conn, int turn)
{
	int32_t zero = 0;

	(void)turn;
	close(get_request(conn));
	(void)!write(conn, &zero, sizeof(zero));
}

static void
say_denied(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
	answer(conn, EACCES, 0, -1);
}

static void
say_busy_twice(int conn, int turn)
{
	/* Before the request is there: the client's send may fail. */
	if (turn < 2)
		answer(conn, turn == 0 ? EAGAIN : ETIME, 0, -1);
	else
		say_bound(conn, turn);
}

static void
say_busy(int conn, int turn)
{
	(void)turn;
	answer(conn, EAGAIN, 0, -1);
}

static void
say_nothing(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
	wait_for_hang_up(conn);
}

static void
hang_up(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
}

static void
hang_up_once(int conn, int turn)
{
	if (turn == 0)
		hang_up(conn, turn);
	else
		say_bound(conn, turn);
}

static void
say_3_bytes(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
	(void)!write(conn, "\0\0\0", 3);
}

static void
say_9_bytes(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
	(void)!write(conn, "\0\0\0\0\0\0\0\0\0", 9);
}

static void
say_negative(int conn, int turn)
{
	(void)turn;
	close(get_request(conn));
	answer(conn, -7, 0, -1);
}

static void
give_a_file(int conn, int turn)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)turn;
	close(get_request(conn));
	answer(conn, 0, 1, fd);
	close(fd);
}

static void
give_udp(int conn, int turn)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)turn;
	close(get_request(conn));
	answer(conn, 0, 1, fd);
	close(fd);
}

static void
give_with_denial(int conn, int turn)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)turn;
	close(get_request(conn));
	answer(conn, EACCES, 0, fd);
	close(fd);
}

/* A kept socket, with what an earlier holder left on it. */
static void
give_kept(int conn, int turn)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	(void)turn;
	close(get_request(conn));
	(void)bind_loopback(fd);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	answer(conn, 0, 1, fd);
	close(fd);
}

static atomic_bool left_early;

/* As give_kept, but slow to close its copy; the end of the stream says when
 * that is done.  A client that has not waited for it hangs up before. */
static void
give_made(int conn, int turn)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timespec deadline = bsock_fdpass_deadline(100);

	(void)turn;
	close(get_request(conn));
	(void)bind_loopback(fd);
	answer(conn, 0, 0, fd);
	left_early = bsock_fdpass_wait(conn, 0, &deadline) == 1;
	close(fd);
}

/* 1 in the rebind bit of the request's flags. */
static atomic_int rebinds;

/* First one that cannot be mended; then, if asked for one, a fresh one. */
static void
give_unmendable(int conn, int turn)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int lo = 1, got = -1;
	uint32_t head[32];

	(void)bsock_fdpass_recv(conn, head, sizeof(head), &got, 0);
	close(got);
	if ((head[2] & BSOCK_FLAGS_REBIND) != 0)
		rebinds++;
	(void)bind_loopback(fd);
	if (turn == 0)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_BINDTOIFINDEX, &lo, sizeof(lo));
	answer(conn, 0, 1, fd);
	close(fd);
}

static void
bind_and_say_nothing(int conn, int turn)
{
	int fd = get_request(conn);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7)};

	(void)turn;
	in.sin_port = htons(40777);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		perror("bind");
	close(fd);
	wait_for_hang_up(conn);
}

static void
say_bound_slowly(int conn, int turn)
{
	struct timespec ts = {0, 300000000};

	(void)turn;
	close(get_request(conn));
	nanosleep(&ts, NULL);
	answer(conn, 0, 0, -1);
}

/* --- the client -------------------------------------------------------- */

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
ask_for(int fd, const char *line)
{
	struct sockaddr_storage ss;
	struct addrinfo ai;

	if (bsock_addrinfo_parse(&ai, &ss, line) != 0)
		return -1;
	errno = 0;
	return fd == -2 ? bsock_socket_addrinfo(&ai)
			: bsock_bind_addrinfo(fd, &ai);
}

#define LINE "AF_INET SOCK_STREAM tcp 40777 127.0.0.1"

static int
stream(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* One call against one server; returns 0 or errno, no descriptor leaks. */
static void
call(const char *name, void (*serve)(int, int), int turns, int want)
{
	struct server s = {.serve = serve, .turns = turns, .backlog = 5};
	int before = count_fds();
	int fd = stream();
	int r;

	server_start(&s);
	r = ask_for(fd, LINE);
	is(errno, want, name);
	is(r, want == 0 ? 0 : -1, name);
	server_end(&s);
	close(fd);
	is(count_fds(), before, "no descriptor is left");
}

static void
wrong_answers(void)
{
	call("bound, and errno is untouched", say_bound, 1, 0);
	call(
	    "bound, in the 4 bytes of old daemons", say_bound_in_4_bytes, 1, 0);
	call("EACCES", say_denied, 1, EACCES);
	call("EAGAIN and ETIME are asked again", say_busy_twice, 3, 0);
	call("no reply, twice", hang_up, 2, ECONNRESET);
	call("no reply, once", hang_up_once, 2, 0);
	call("3 bytes", say_3_bytes, 1, EPROTO);
	call("9 bytes", say_9_bytes, 1, EPROTO);
	call("a negative errno", say_negative, 1, EPROTO);
	call("a file for a socket", give_a_file, 1, EPROTO);
	call("UDP for TCP", give_udp, 1, EPROTO);
	call("a descriptor with a refusal", give_with_denial, 1, EACCES);
}

static void
kept_socket(int cloexec, const char *name)
{
	struct server s = {.serve = give_kept, .turns = 1, .backlog = 5};
	int fd = stream();
	struct sockaddr_in in = {0};
	socklen_t len = sizeof(in);
	int on = -1;

	(void)fcntl(fd, F_SETFD, cloexec);
	server_start(&s);
	is(ask_for(fd, LINE), 0, name);
	server_end(&s);
	is(fcntl(fd, F_GETFD), cloexec, "close-on-exec as it was");
	is(fcntl(fd, F_GETFL) & O_NONBLOCK, 0, "blocking, as it was");
	getsockname(fd, (struct sockaddr *)&in, &len);
	ok(in.sin_port != 0, "the kept socket is at its number");
	len = sizeof(on);
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len);
	is(on, 0, "TCP_NODELAY as it was");
	close(fd);
}

static void
unmendable_socket(void)
{
	struct server s = {.serve = give_unmendable, .turns = 2, .backlog = 5};
	int fd = stream();
	int lo = -1;
	socklen_t len = sizeof(lo);

	/* Root could clear the device, and would not ask twice. */
	if (geteuid() == 0)
		s.turns = 1;
	server_start(&s);
	is(ask_for(fd, LINE), 0, "a kept socket that cannot be mended");
	server_end(&s);
	is(rebinds, geteuid() == 0 ? 0 : 1, "is asked for afresh");
	getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &lo, &len);
	is(lo, 0, "no device");
	close(fd);
}

static void
made_socket(void)
{
	struct server s = {.serve = give_made, .turns = 1, .backlog = 5};
	int fd;

	server_start(&s);
	fd = ask_for(-2, LINE);
	server_end(&s);
	ok(fd >= 0, "bsock_socket_addrinfo");
	ok(!left_early, "returns when no copy of it is left");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	close(fd);
	s.serve = say_bound;
	server_start(&s);
	is(ask_for(-2, LINE), -1, "bound, but nothing came");
	server_end(&s);
}

/* --- five seconds: these run side by side ------------------------------ */

struct slow {
	const char *name;
	void (*serve)(int, int);
	int turns, want;
	int r, error, fd;
	double took;
	pthread_t thread;
	struct server server;
};

static void *
slow_main(void *arg)
{
	struct slow *slow = arg;
	double t = now();

	slow->r = ask_for(slow->fd, LINE);
	slow->error = errno;
	slow->took = now() - t;
	return NULL;
}

/* The client has read BSOCK_SOCKET when its request is there. */
static void
slow_start(struct slow *slow)
{
	struct timespec ts = {0, 50000000};

	slow->server = (struct server){
	    .serve = slow->serve, .turns = slow->turns, .backlog = 5};
	slow->fd = stream();
	server_start(&slow->server);
	pthread_create(&slow->thread, NULL, slow_main, slow);
	nanosleep(&ts, NULL);
}

static void
in_time(void)
{
	struct slow slow[] = {
	    {"no answer", say_nothing, 1, ETIMEDOUT, 0, 0, -1, 0, 0, {0}},
	    {"bound, but no answer", bind_and_say_nothing, 1, 0, 0, 0, -1, 0, 0,
		{0}},
	    {"not even accepted", say_nothing, 0, ETIMEDOUT, 0, 0, -1, 0, 0,
		{0}},
	};
	size_t n = sizeof(slow) / sizeof(*slow);
	int before = count_fds();

	for (size_t i = 0; i < n; i++)
		slow_start(&slow[i]);
	for (size_t i = 0; i < n; i++) {
		pthread_join(slow[i].thread, NULL);
		server_end(&slow[i].server);
		close(slow[i].fd);
		is(slow[i].r, slow[i].want == 0 ? 0 : -1, slow[i].name);
		is(slow[i].error, slow[i].want, slow[i].name);
		ok(slow[i].took > 4.9 && slow[i].took < 6, "after 5 s");
	}
	is(count_fds(), before, "no descriptor is left");
}

static atomic_int asked;

static void *
endlessly_busy(void *arg)
{
	struct server *s = arg;

	for (;;) {
		int conn = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

		if (conn < 0)
			return NULL;
		say_busy(conn, 0);
		asked++;
		close(conn);
	}
}

static void
always_busy(void)
{
	struct server s = {.turns = 0, .backlog = 5};
	int fd = stream();
	double t = now();
	pthread_t thread;

	server_start(&s);
	pthread_create(&thread, NULL, endlessly_busy, &s);
	is(ask_for(fd, LINE), -1, "a daemon that is busy for ever");
	is(errno, ETIMEDOUT, "ETIMEDOUT");
	ok(now() - t > 4.9 && now() - t < 6, "after 5 s");
	printf("# %d times\n", asked);
	ok(asked > 10 && asked < 200, "it is not asked too often");
	shutdown(s.listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	server_end(&s);
	close(fd);
}

/* A full backlog is waited for. */
static void
full_backlog(void)
{
	struct server s = {.serve = say_bound, .turns = 0, .backlog = 0};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sun);
	struct timespec ts = {0, 100000000};
	int filler[8], n = 0;
	struct slow slow = {.fd = stream()};

	server_start(&s);
	getsockname(s.listener, (struct sockaddr *)&sun, &len);
	for (n = 0; n < 8; n++) {
		filler[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(filler[n], (struct sockaddr *)&sun, len) != 0)
			break;
	}
	ok(n < 8, "the backlog is full");
	pthread_create(&slow.thread, NULL, slow_main, &slow);
	nanosleep(&ts, NULL);
	for (int i = 0; i <= n; i++)
		close(filler[i]);
	s.turns = n + 1;
	pthread_create(&s.thread, NULL, server_main, &s);
	pthread_join(slow.thread, NULL);
	is(slow.r, 0, "and waited for");
	server_end(&s);
	close(slow.fd);
}

/* --- signals and cancellation ------------------------------------------ */

static atomic_int alarms;

static void
on_alarm(int signo)
{
	(void)signo;
	alarms++;
}

/* Answers when the client has been interrupted often enough. */
static void
say_bound_after_alarms(int conn, int turn)
{
	struct timespec ts = {0, 1000000};

	(void)turn;
	close(get_request(conn));
	for (int i = 0; i < 4000 && alarms < 20; i++)
		nanosleep(&ts, NULL);
	answer(conn, 0, 0, -1);
}

static void
signal_storm(void)
{
	struct server s = {
	    .serve = say_bound_after_alarms, .turns = 1, .backlog = 5};
	struct sigaction act = {.sa_handler = on_alarm}; /* no SA_RESTART */
	struct itimerval every = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
	sigset_t set;
	int fd = stream();

	/* They are for the client, not for the server's thread. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	server_start(&s);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	is(ask_for(fd, LINE), 0, "in a storm of signals");
	setitimer(ITIMER_REAL, &never, NULL);
	ok(alarms >= 20, "there were some");
	server_end(&s);
	close(fd);
	signal(SIGALRM, SIG_DFL);
	(void)alarm(60);
}

static atomic_int returned;

static void *
cancelled_main(void *arg)
{
	(void)ask_for(*(int *)arg, LINE);
	returned = 1;
	pthread_testcancel();
	return NULL;
}

static void
cancellation(void)
{
	struct server s = {.serve = say_bound_slowly, .turns = 1, .backlog = 5};
	struct timespec ts = {0, 50000000};
	int before = count_fds();
	int fd = stream();
	pthread_t thread;
	void *result = NULL;

	server_start(&s);
	pthread_create(&thread, NULL, cancelled_main, &fd);
	nanosleep(&ts, NULL);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	ok(result == PTHREAD_CANCELED, "a cancelled thread ends");
	is(returned, 1, "not before the call is over");
	server_end(&s);
	close(fd);
	is(count_fds(), before, "no descriptor is left");
}

/* --- arguments --------------------------------------------------------- */

static void
arguments(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr *sa = (struct sockaddr *)&in;
	struct addrinfo ai = {.ai_family = AF_INET,
	    .ai_socktype = SOCK_STREAM,
	    .ai_addr = sa,
	    .ai_addrlen = sizeof(in)};
	char buf[BSOCK_ADDRINFO_STRLEN];
	int fd = stream(), null = open("/dev/null", O_RDONLY);

	setenv("BSOCK_SOCKET", "/nonexistent/socket", 1);
	is(bsock_bind(fd, sa, sizeof(in)), -1, "no daemon");
	is(errno, ENOENT, "ENOENT");
	is(bsock_bind(-1, sa, sizeof(in)), -1, "no descriptor");
	is(errno, EBADF, "EBADF");
	is(bsock_bind_addrinfo(-1, &ai), -1, "no descriptor");
	is(errno, EBADF, "EBADF");
	is(bsock_bind(null, sa, sizeof(in)), -1, "not a socket");
	is(errno, ENOTSOCK, "ENOTSOCK");
	is(bsock_bind(fd, NULL, 0), -1, "no address");
	is(errno, EINVAL, "EINVAL");
	is(bsock_bind(fd, sa, 1), -1, "a short address");
	is(errno, EINVAL, "EINVAL");
	is(bsock_bind_addrinfo(fd, NULL), -1, "no addrinfo");
	is(errno, EINVAL, "EINVAL");
	is(bsock_addrinfo_format(&ai, buf, sizeof(buf)), 34, "format");
	is_s(buf, "AF_INET SOCK_STREAM tcp 80 0.0.0.0", "the line");
	setenv("BSOCK_SOCKET",
	    "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "a",
	    1);
	is(bsock_bind(fd, sa, sizeof(in)), -1, "a path that is too long");
	is(errno, ENAMETOOLONG, "ENAMETOOLONG");
	close(fd);
	close(null);
}

int
main(void)
{
	(void)alarm(60); /* a server that is not asked waits for ever */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	arguments();
	wrong_answers();
	kept_socket(0, "a kept socket");
	kept_socket(FD_CLOEXEC, "a kept socket, close-on-exec");
	unmendable_socket();
	made_socket();
	in_time();
	always_busy();
	full_backlog();
	signal_storm();
	cancellation();
	return finish();
}
