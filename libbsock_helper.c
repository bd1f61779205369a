/*
 * libbsock_helper - runs the setuid bsock program for one request
 *
 * Between the caller and bsock stands a process of ours.  It begins without
 * an exit signal (clone(2)), so the caller's SIGCHLD handler never hears of
 * it and no wait(2) of the caller can pick it up; bsock is the child of that
 * process alone (execve(2) would give it SIGCHLD back).  Both share the
 * caller's memory until the execve, as vfork(2) does, so that the cost does
 * not grow with the caller.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "libbsock_helper.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "bsock_compat.h"
#include "bsock_fdpass.h"
#include "bsock_paths.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define STACK_SIZE 65536
#define STEP_MS    5

struct helper {
	int sock;
	const struct timespec *deadline;
	int error; /* why bsock could not be executed */
};

/* Without root's setuid bit in force bsock could do no more than we can. */
static bool
installed_setuid(void)
{
	struct stat st;

#ifdef PR_GET_NO_NEW_PRIVS
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
#endif
	return stat(BSOCK_PROGRAM_PATH, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == 0 && (st.st_mode & S_ISUID) != 0;
}

/* In the vfork(2) child: only system calls, and the caller's memory. */
static void
become_program(struct helper *helper)
{
	static char name[] = "bsock";
	char *const argv[] = {name, NULL};
	char *const envp[] = {NULL};
	sigset_t none;

	if (helper->sock == STDIN_FILENO)
		(void)fcntl(STDIN_FILENO, F_SETFD, 0);
	else if (dup2(helper->sock, STDIN_FILENO) < 0)
		goto out;
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	(void)execve(BSOCK_PROGRAM_PATH, argv, envp);
out:
	helper->error = errno;
	_exit(127);
}

/* Until the program has ended, or for a while. */
static void
wait_for_end(int pidfd, int ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	/* Without a pidfd it is looked after every few milliseconds. */
	if (pidfd < 0 && ms > STEP_MS)
		ms = STEP_MS;
	(void)poll(&p, 1, ms);
}

/*
 * Waits for the program until the deadline, then kills it.  The caller's
 * action for SIGCHLD is left alone in here too: where it is ignored the
 * program vanishes when it ends, and there is nothing to wait for.
 */
static int
wait_for_program(pid_t pid, const struct timespec *deadline)
{
	int pidfd = -1;

#if HAVE_PIDFD
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
#endif
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		int left = bsock_fdpass_left(deadline);

		if (left == 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			return ETIMEDOUT;
		}
		wait_for_end(pidfd, left);
	}
	return 0;
}

/* The process between; its exit status is an errno value. */
static int
supervise(void *arg)
{
	struct helper *helper = arg;
	/* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): above */
	pid_t pid = vfork();

	if (pid == 0) /* NOLINTNEXTLINE(clang-analyzer-unix.Vfork): execve */
		become_program(helper);
	if (pid < 0)
		_exit(errno);
	if (helper->error != 0) {
		(void)waitpid(pid, NULL, 0);
		_exit(helper->error);
	}
	_exit(wait_for_program(pid, helper->deadline));
}

#if HAVE_CLONE

#define WAIT_FLAGS __WALL

/* Returns when the process between has ended. */
static pid_t
start_between(struct helper *helper)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int error;

	if (stack == MAP_FAILED)
		return -1;
	pid = clone(
	    supervise, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, helper);
	error = errno;
	(void)munmap(stack, STACK_SIZE);
	errno = error;
	return pid;
}

#else

#define WAIT_FLAGS 0

static pid_t
start_between(struct helper *helper)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)supervise(helper);
	return pid;
}

#endif

int
bsock_helper_run(int sock, const struct timespec *deadline)
{
	struct helper helper = {.sock = sock, .deadline = deadline};
	sigset_t all, old;
	int status = 0, error = 0;
	pid_t pid;

	if (!installed_setuid())
		return ENOENT;
	/* No handler of the caller's may run in a process of ours. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = start_between(&helper);
	if (pid < 0)
		error = errno;
	/* Somebody's wait for just any child may have been quicker. */
	else if (waitpid(pid, &status, WAIT_FLAGS) == pid && WIFEXITED(status))
		error = WEXITSTATUS(status);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}
