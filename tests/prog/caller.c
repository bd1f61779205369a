/*
 * caller - a program that must not notice how bsock was asked
 *
 *	caller HOW PORT
 *
 * binds PORT of 127.0.0.1 with libbsock and prints the result (0, or the name
 * of errno), then how many SIGCHLD it got, whether any child is left, how
 * many descriptors more than before, and whether its signal mask and its
 * action for SIGCHLD are as they were:
 *	0 signals=0 child=no fds=0 same=yes
 * HOW is
 *	plain		nothing special
 *	ignore		SIGCHLD is ignored
 *	child		it has a child of its own, which has ended
 *	nnp		under no_new_privs
 *	closed		descriptors 0 to 2 are closed while it asks
 *	storm		in a storm of signals
 *	threads		from 4 threads at once, one port each
 *	big		with 512 MiB resident
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock.h"
#include "number.h"

static in_port_t port;
static atomic_int chlds;

static void
on_chld(int signo)
{
	if (signo == SIGCHLD)
		chlds++;
}

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

/* Returns 0 or errno. */
static int
ask(in_port_t at)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(at)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error = 0;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bsock_bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		error = errno;
	(void)close(fd);
	return error;
}

static void *
thread_main(void *arg)
{
	return (void *)(intptr_t)ask((in_port_t)(port + (size_t)arg));
}

static int
ask_in_threads(void)
{
	pthread_t thread[4];
	void *error;
	int first = 0;

	for (size_t i = 0; i < 4; i++)
		(void)pthread_create(&thread[i], NULL, thread_main, (void *)i);
	for (size_t i = 0; i < 4; i++) {
		(void)pthread_join(thread[i], &error);
		if (first == 0)
			first = (int)(intptr_t)error;
	}
	return first;
}

static int
ask_without_stdio(void)
{
	int saved[3], error;

	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		(void)close(i);
	}
	error = ask(port);
	for (int i = 0; i < 3; i++) {
		(void)dup2(saved[i], i);
		(void)close(saved[i]);
	}
	return error;
}

static int
ask_in_a_storm(void)
{
	struct sigaction act = {.sa_handler = on_chld};
	struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	int error;

	(void)sigaction(SIGALRM, &act, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	error = ask(port);
	(void)setitimer(ITIMER_REAL, &never, NULL);
	return error;
}

static void
prepare(const char *how)
{
	size_t size = (size_t)512 << 20;

	if (strcmp(how, "ignore") == 0)
		(void)signal(SIGCHLD, SIG_IGN);
	if (strcmp(how, "nnp") == 0)
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (strcmp(how, "big") == 0) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED)
			memset(p, 1, size);
	}
}

static int
run(const char *how)
{
	if (strcmp(how, "threads") == 0)
		return ask_in_threads();
	if (strcmp(how, "closed") == 0)
		return ask_without_stdio();
	if (strcmp(how, "storm") == 0)
		return ask_in_a_storm();
	return ask(port);
}

/* A child that has ended, and whose SIGCHLD has come. */
static pid_t
own_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	while (chlds == 0)
		(void)usleep(1000);
	chlds = 0;
	return pid;
}

static int
same_mask(const sigset_t *a, const sigset_t *b)
{
	for (int i = 1; i < NSIG; i++)
		if (sigismember(a, i) != sigismember(b, i))
			return 0;
	return 1;
}

int
main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_chld}, before, after;
	const char *how = argc == 3 ? argv[1] : "";
	sigset_t mask, mask_after;
	pid_t child = 0;
	int fds, error, left;

	port = argc == 3 ? (in_port_t)number(argv[2], UINT16_MAX) : 0;
	(void)sigaction(SIGCHLD, &act, NULL);
	prepare(how);
	if (strcmp(how, "child") == 0)
		child = own_child();
	(void)sigaction(SIGCHLD, NULL, &before);
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	fds = count_fds();

	error = run(how);

	(void)sigaction(SIGCHLD, NULL, &after);
	(void)sigprocmask(SIG_SETMASK, NULL, &mask_after);
	if (child > 0 && waitpid(child, NULL, WNOHANG) != child)
		(void)printf("the program's own child is gone\n");
	left = waitpid(-1, NULL, WNOHANG | __WALL) >= 0 || errno != ECHILD;
	(void)printf("%s signals=%d child=%s fds=%d same=%s\n",
	    error == 0 ? "0" : strerrorname_np(error), chlds,
	    left ? "yes" : "no", count_fds() - fds,
	    before.sa_handler == after.sa_handler &&
		    same_mask(&mask, &mask_after)
		? "yes"
		: "no");
	return 0;
}
