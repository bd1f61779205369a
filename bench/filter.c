/*
 * filter - what a seccomp filter costs the system calls that it allows
 *
 *	filter ROUNDS
 *
 * prints the ns of getppid(2), the median over the rounds, without a filter,
 * under one that allows everything, and under the one of bsock-run.  Each
 * round of each is a process of its own: a filter cannot be removed.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../bsock_run_arch.h"

#define CALLS      200000
#define ROUNDS_MAX 101

enum { NONE, ALLOW, NOTIFY, KINDS };

static const char *const names[KINDS] = {
    "no filter", "allow everything", "bsock-run -m notify"};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
install(int kind)
{
	struct sock_filter filter[BSOCK_RUN_FILTER_MAX] = {
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {.len = 1, .filter = filter};

	if (kind == NONE)
		return;
	if (kind == NOTIFY)
		program.len = (unsigned short)bsock_run_arch_filter(filter);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		die("seccomp");
}

static double
measure(void)
{
	struct timespec a, b;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < CALLS; i++)
		(void)syscall(SYS_getppid);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 +
		   (double)(b.tv_nsec - a.tv_nsec)) /
	       CALLS;
}

static double
measure_in_child(int kind)
{
	double ns = 0;
	int fds[2];
	pid_t pid = -1;

	if (pipe(fds) != 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		install(kind);
		(void)measure();
		ns = measure();
		_exit(write(fds[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	if (read(fds[0], &ns, sizeof(ns)) != sizeof(ns))
		die("read");
	(void)close(fds[0]);
	(void)close(fds[1]);
	(void)waitpid(pid, NULL, 0);
	return ns;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	static double ns[KINDS][ROUNDS_MAX];
	long rounds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	for (long i = 0; i < rounds; i++)
		for (int kind = 0; kind < KINDS; kind++)
			ns[kind][i] = measure_in_child(kind);
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(ns[kind], (size_t)rounds, sizeof(double), compare);
		(void)printf(
		    "  %-24s %7.1f ns\n", names[kind], ns[kind][rounds / 2]);
	}
	return 0;
}
