/*
 * harsh - a program that does to itself what servers do before they bind
 *
 *	harsh HOW PORT
 *
 * binds PORT of 127.0.0.1 with bind(2), and prints 0 or the name of errno:
 *	closed		after every descriptor from 3 has been closed
 *	limited		with a limit of descriptors that leaves one free
 *	full		with none left
 *	environ		after the environment has been cleared in place
 *	fork		in a child of a process that has bound it and closed
 *	threads		64 times from 8 threads, each closing it at once
 *	signals		100 times in a storm of signals that interrupt
 *	handler		in a signal handler
 *	vfork		in a child that shares memory
 *	chroot		(root) after chroot(2) to /proc, where there is no
 *socket For threads and signals: the number of successes.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

extern char **environ;

static in_port_t port;
static atomic_int bound;

/* Returns 0 or errno; the socket is closed. */
static int
bind_fd(int fd, in_port_t at)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(at)};
	int error = 0;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		error = errno;
	(void)close(fd);
	return error;
}

static int
bind_once(in_port_t at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? errno : bind_fd(fd, at);
}

static void
say(int error)
{
	(void)printf("%s\n", error == 0 ? "0" : strerrorname_np(error));
	(void)fflush(stdout);
}

static int
closed(void)
{
	for (int fd = 3; fd < 1024; fd++)
		(void)close(fd);
	return bind_once(port);
}

/* With so many more descriptors allowed than are open. */
static int
limited(rlim_t spare)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct rlimit limit = {(rlim_t)fd + 1 + spare, (rlim_t)fd + 1 + spare};

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return bind_fd(fd, port);
}

static int
cleared(void)
{
	for (char **e = environ; *e != NULL; e++)
		memset(*e, 0, strlen(*e));
	return bind_once(port);
}

static int
forked(void)
{
	int error = bind_once(port);
	int status;
	pid_t pid;

	if (error != 0)
		return error;
	pid = fork();
	if (pid == 0)
		_exit(bind_once(port));
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int
vforked(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(bind_once(port));
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* Each thread its own port, so that none is in another's way. */
static void *
thread_main(void *arg)
{
	in_port_t at = (in_port_t)(port + (size_t)arg);

	for (int i = 0; i < 8; i++)
		if (bind_once(at) == 0)
			bound++;
	return NULL;
}

static int
threads(void)
{
	pthread_t thread[8];

	for (size_t i = 0; i < 8; i++)
		(void)pthread_create(&thread[i], NULL, thread_main, (void *)i);
	for (size_t i = 0; i < 8; i++)
		(void)pthread_join(thread[i], NULL);
	return bound;
}

static void
interrupt(int signo)
{
	(void)signo;
}

static void
bind_in_handler(int signo)
{
	(void)signo;
	bound = bind_once(port);
}

static int
signals(void)
{
	struct sigaction act = {.sa_handler = interrupt};
	struct itimerval often = {{0, 100}, {0, 100}};

	(void)sigaction(SIGALRM, &act, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 100; i++)
		if (bind_once(port) == 0)
			bound++;
	return bound;
}

static int
handler(void)
{
	struct sigaction act = {.sa_handler = bind_in_handler};

	(void)sigaction(SIGUSR1, &act, NULL);
	(void)raise(SIGUSR1);
	return bound;
}

static int
moved_root(void)
{
	if (chroot(".") != 0 || setuid(65534) != 0)
		return errno;
	return bind_once(port);
}

int
main(int argc, char **argv)
{
	const char *how = argc == 3 ? argv[1] : "";

	port = argc == 3 ? (in_port_t)number(argv[2], UINT16_MAX) : 0;
	if (strcmp(how, "closed") == 0)
		say(closed());
	else if (strcmp(how, "limited") == 0)
		say(limited(1));
	else if (strcmp(how, "full") == 0)
		say(limited(0));
	else if (strcmp(how, "environ") == 0)
		say(cleared());
	else if (strcmp(how, "fork") == 0)
		say(forked());
	else if (strcmp(how, "vfork") == 0)
		say(vforked());
	else if (strcmp(how, "handler") == 0)
		say(handler());
	else if (strcmp(how, "chroot") == 0)
		say(moved_root());
	else if (strcmp(how, "threads") == 0)
		(void)printf("%d\n", threads());
	else if (strcmp(how, "signals") == 0)
		(void)printf("%d\n", signals());
	else
		return 2;
	return 0;
}
