/*
 * bsock_run_front - bsock-run itself, while its command runs
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_front.h"

#include "bsock_compat.h"
#include "bsock_run_say.h"

#if HAVE_NOTIFY

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "bsock_fdpass.h"
#include "bsock_run_fds.h"

static void
hold_signals(struct bsock_run_keeper_signals *old)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old->mask);
	/* Of children that nobody wants to hear of nothing is heard. */
	(void)sigaction(SIGCHLD, &dfl, &old->chld);
}

struct front {
	int status;  /* from the keeper */
	int signals; /* signalfd of all */
	int command; /* its pidfd, or -1 */
	int ended;   /* wait status of the command, -1: goes on */
	bool left_behind;
};

/* For this moment the signal does to us what it does by default. */
static void
suffer(int sig)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL}, old;
	sigset_t one, mask;

	(void)sigemptyset(&one);
	(void)sigaddset(&one, sig);
	(void)sigaction(sig, &dfl, &old);
	(void)raise(sig);
	(void)pthread_sigmask(SIG_UNBLOCK, &one, &mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	(void)sigaction(sig, &old, NULL);
}

/* Returns false at the end of the stream. */
static bool
follow_command(struct front *front)
{
	struct bsock_run_keeper_news news;
	int fd = -1;

	if (bsock_fdpass_recv(front->status, &news, sizeof(news), &fd, 0) !=
	    (ssize_t)sizeof(news))
		return false;
	if (fd >= 0)
		front->command = fd;
	if (!news.changed)
		return true;
	if (WIFSTOPPED(news.status)) {
		suffer(WSTOPSIG(news.status));
		return true;
	}
	front->ended = news.status;
	front->left_behind = news.left_behind;
	return true;
}

/*
 * What the terminal sends (ctrl-C, ctrl-Z, a hang-up) it sends to the
 * command too, which is in the same process group; what a process sent to
 * bsock-run alone is passed on.
 */
static void
pass_signals_on(const struct front *front)
{
	struct signalfd_siginfo info;

	while (read(front->signals, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD || info.ssi_code == SI_KERNEL)
			continue;
		(void)syscall(SYS_pidfd_send_signal, front->command,
		    (int)info.ssi_signo, NULL, 0);
	}
}

static void
attend(struct front *front)
{
	while (front->ended == -1) {
		struct pollfd polls[] = {
		    {.fd = front->status, .events = POLLIN},
		    {.fd = front->command < 0 ? -1 : front->signals,
			.events = POLLIN},
		};

		if (poll(polls, 2, -1) < 0)
			continue;
		if (polls[1].revents != 0)
			pass_signals_on(front);
		if (polls[0].revents != 0 && !follow_command(front))
			break;
	}
}

/* The command's exit status, or its death. */
static int
end_like(int status)
{
	const struct rlimit none = {0, 0};

	if (status == -1)
		return BSOCK_RUN_FAILED; /* the keeper is no more */
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	(void)setrlimit(RLIMIT_CORE, &none);
	suffer(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int
bsock_run_front(const struct bsock_run_keeper *keeper)
{
	struct front front = {.command = -1, .ended = -1};
	int *kept[] = {&front.status, &front.signals};
	struct bsock_run_keeper_signals old;
	sigset_t all;
	int pair[2];
	pid_t pid;

	hold_signals(&old);
	if (bsock_compat_socketpair(pair) != 0 || (pid = fork()) < 0) {
		bsock_run_say("cannot start the keeper: %s",
		    bsock_compat_strerror(errno));
		return BSOCK_RUN_FAILED;
	}
	if (pid == 0) {
		(void)close(pair[0]);
		bsock_run_keeper_be(keeper, pair[1], &old);
	}
	(void)close(pair[1]);
	(void)sigfillset(&all);
	front.status = pair[0];
	front.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	bsock_run_fds_let_go(STDIN_FILENO, STDERR_FILENO);
	bsock_run_fds_keep_only(kept, sizeof(kept) / sizeof(kept[0]));
	attend(&front);
	/* Where init collects nothing these would be there for ever.  Not just
	 * any child: an exec keeps those that a shell had before. */
	if (front.ended != -1 && !front.left_behind) {
		(void)waitpid(pid, NULL, 0);
		if (keeper->broker_pid > 0)
			(void)waitpid(keeper->broker_pid, NULL, 0);
	}
	return end_like(front.ended);
}

#else

int
bsock_run_front(const struct bsock_run_keeper *keeper)
{
	(void)keeper;
	bsock_run_say("notify and -a need Linux");
	return BSOCK_RUN_FAILED;
}

#endif
