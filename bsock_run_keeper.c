/*
 * bsock_run_keeper - the process between bsock-run and its command
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_keeper.h"

#include "bsock_compat.h"

#if HAVE_NOTIFY

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "bsock_fdpass.h"
#include "bsock_run_fds.h"
#include "bsock_run_say.h"

static void
restore_signals(const struct bsock_run_keeper_signals *old)
{
	(void)sigaction(SIGCHLD, &old->chld, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old->mask, NULL);
}

/* --- the command's side ------------------------------------------------ */

/* Install the filter, hand its listener over, go on when it is served. */
static void
accept_supervision(int handover)
{
	int listener = bsock_supervise_install();
	char byte = 0;

	if (listener < 0) {
		bsock_run_say("notify: %s", bsock_supervise_explain(errno));
		_exit(BSOCK_RUN_FAILED);
	}
	if (bsock_fdpass_send(handover, &byte, 1, listener, 0) != 1 ||
	    read(handover, &byte, 1) != 1)
		_exit(BSOCK_RUN_FAILED);
	(void)close(listener);
	(void)close(handover);
}

static void
run_command(const struct bsock_run_keeper *k, int handover,
    const struct bsock_run_keeper_signals *old)
{
	if (k->supervise != NULL)
		accept_supervision(handover);
	restore_signals(old);
	k->exec(k->ctx);
	_exit(BSOCK_RUN_FAILED);
}

/* --- the keeper -------------------------------------------------------- */

struct keeper {
	pid_t command; /* -1 once it has ended */
	int status;    /* to bsock-run: one int for each change of status */
	int children;  /* signalfd of SIGCHLD */
	int listener;  /* of the supervisor, or -1 */
	int broker;
};

/* Whom bsock-run passes signals to: by pidfd, since the pid is not its
 * child's and may be used again. */
static void
introduce_command(const struct keeper *keeper)
{
	int pidfd = (int)syscall(SYS_pidfd_open, keeper->command, 0);
	const struct bsock_run_keeper_news news = {.changed = false};

	if (pidfd < 0)
		return;
	(void)bsock_fdpass_send(keeper->status, &news, sizeof(news), pidfd, 0);
	(void)close(pidfd);
}

static void
tell(const struct keeper *keeper, int status, bool left_behind)
{
	const struct bsock_run_keeper_news news = {
	    .changed = true,
	    .left_behind = left_behind,
	    .status = status,
	};

	(void)bsock_fdpass_send(keeper->status, &news, sizeof(news), -1, 0);
}

/* The command has ended: what is left of it may go on for years. */
static void
command_ended(struct keeper *keeper)
{
	keeper->command = -1;
	(void)close(keeper->status);
	keeper->status = -1;
	bsock_run_fds_let_go(STDERR_FILENO, STDERR_FILENO);
	(void)!chdir("/");
}

/* Returns false when there is no descendant any more. */
static bool
reap(struct keeper *keeper)
{
	int status, last = 0;
	bool ended = false;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != keeper->command)
			continue;
		if (WIFSTOPPED(status)) {
			tell(keeper, status, true);
			continue;
		}
		last = status;
		ended = true;
	}
	if (ended) {
		tell(keeper, last, pid == 0);
		command_ended(keeper);
	}
	return pid == 0;
}

static void
drain_signals(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) > 0)
		;
}

static void
keep(struct keeper *keeper)
{
	struct pollfd polls[] = {
	    {.fd = keeper->children, .events = POLLIN},
	    {.fd = keeper->status},
	};

	while (reap(keeper)) {
		polls[1].fd = keeper->status;
		polls[1].revents = 0;
		if (poll(polls, 2, -1) < 0)
			continue;
		/* Who kills bsock-run for good means the command. */
		if ((polls[1].revents & (POLLHUP | POLLERR)) != 0) {
			(void)kill(keeper->command, SIGKILL);
			command_ended(keeper);
		}
		drain_signals(keeper->children);
	}
}

static int
watch_children(void)
{
	sigset_t chld;

	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	return signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Without any privilege the kernel lets us look only into what has no more
 * rights than we: nobody gets a bind through us that he could not ask for
 * himself.  Not bsock_priv_keep(): its no_new_privs would be in the way of a
 * setuid bsock.
 */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) != 0)
		_exit(BSOCK_RUN_FAILED);
}

/* The command waits until we say that it may go on. */
static void
supervise(const struct bsock_supervise *options, int listener, int handover)
{
	struct bsock_supervise o;

	/* There is a handover only where there are options. */
	if (options == NULL)
		return;
	o = *options;
	o.listener = listener;
	if (bsock_supervise_start(&o) != 0)
		bsock_run_say("notify: %s", bsock_compat_strerror(errno));
	else
		(void)!write(handover, "", 1);
}

static int
introduce_keeper(int broker)
{
	pid_t self = getpid();
	char byte;

	if (broker < 0)
		return 0;
	return write(broker, &self, sizeof(self)) == (ssize_t)sizeof(self) &&
		       read(broker, &byte, 1) == 1
		   ? 0
		   : -1;
}

static int
receive_listener(int handover)
{
	int listener = -1;
	char byte;

	(void)bsock_fdpass_recv(handover, &byte, 1, &listener, 0);
	return listener;
}

void
bsock_run_keeper_be(const struct bsock_run_keeper *k, int status,
    const struct bsock_run_keeper_signals *old)
{
	struct keeper keeper = {
	    .status = status,
	    .listener = -1,
	    .broker = k->broker,
	};
	int handover[2];
	int *kept[] = {&keeper.status, &keeper.children, &keeper.listener,
	    &keeper.broker, &handover[0]};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 ||
	    introduce_keeper(k->broker) != 0 ||
	    bsock_compat_socketpair(handover) != 0 ||
	    (keeper.command = fork()) < 0) {
		bsock_run_say("cannot start the command: %s",
		    bsock_compat_strerror(errno));
		_exit(BSOCK_RUN_FAILED);
	}
	if (keeper.command == 0) {
		(void)close(handover[0]);
		run_command(k, handover[1], old);
	}
	(void)close(handover[1]);
	(void)setsid();
	introduce_command(&keeper);
	keeper.children = watch_children();
	if (k->supervise != NULL)
		keeper.listener = receive_listener(handover[0]);
	bsock_run_fds_let_go(STDIN_FILENO, STDOUT_FILENO);
	bsock_run_fds_keep_only(kept, sizeof(kept) / sizeof(kept[0]));
	drop_capabilities();
	if (keeper.listener >= 0)
		supervise(k->supervise, keeper.listener, handover[0]);
	(void)close(handover[0]);
	keep(&keeper);
	_exit(0);
}

#endif
