#include "bsock_run_keeper.h"

#include "bsock_compat.h"

#define FAILED 125

#if HAVE_NOTIFY

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "bsock_fdpass.h"
#include "bsock_run_say.h"

/* From the keeper to bsock-run, with the command's pidfd at first. */
struct news {
	bool changed;     /* status is the command's wait status */
	bool left_behind; /* it has ended, something of it goes on */
	int status;
};

/* What the command's signals were before bsock-run touched them. */
struct signals {
	sigset_t mask;
	struct sigaction chld;
};

static void
hold_signals(struct signals *old)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old->mask);
	/* Of children that nobody wants to hear of nothing is heard. */
	(void)sigaction(SIGCHLD, &dfl, &old->chld);
}

static void
restore_signals(const struct signals *old)
{
	(void)sigaction(SIGCHLD, &old->chld, NULL);
	(void)sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

/* Whose reader waits for its end must not wait for us. */
static void
let_go(int from, int to)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = from; null >= 0 && fd <= to; fd++)
		(void)dup2(null, fd);
	if (null > to)
		(void)close(null);
}

/* Close everything above 2 except these; they must be above 2. */
static void
keep_only(int *fds[], size_t n)
{
	int next = 3;

	for (size_t i = 0; i < n; i++) {
		int high =
		    *fds[i] < 0 ? -1 : fcntl(*fds[i], F_DUPFD_CLOEXEC, 3 + n);

		*fds[i] = high;
	}
	for (size_t i = 0; i < n; i++)
		if (*fds[i] >= 0)
			*fds[i] = dup3(*fds[i], next++, O_CLOEXEC);
	(void)syscall(SYS_close_range, next, ~0U, 0);
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
		_exit(FAILED);
	}
	if (bsock_fdpass_send(handover, &byte, 1, listener, 0) != 1 ||
	    read(handover, &byte, 1) != 1)
		_exit(FAILED);
	(void)close(listener);
	(void)close(handover);
}

static void
run_command(
    const struct bsock_run_keeper *k, int handover, const struct signals *old)
{
	if (k->supervise != NULL)
		accept_supervision(handover);
	restore_signals(old);
	k->exec(k->ctx);
	_exit(FAILED);
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
	const struct news news = {.changed = false};

	if (pidfd < 0)
		return;
	(void)bsock_fdpass_send(keeper->status, &news, sizeof(news), pidfd, 0);
	(void)close(pidfd);
}

static void
tell(const struct keeper *keeper, int status, bool left_behind)
{
	const struct news news = {
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
	let_go(STDERR_FILENO, STDERR_FILENO);
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
		_exit(FAILED);
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
		bsock_run_say("notify: %s", strerror(errno));
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

static void
be_keeper(
    const struct bsock_run_keeper *k, int status, const struct signals *old)
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
		bsock_run_say("cannot start the command: %s", strerror(errno));
		_exit(FAILED);
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
	let_go(STDIN_FILENO, STDOUT_FILENO);
	keep_only(kept, sizeof(kept) / sizeof(kept[0]));
	drop_capabilities();
	if (keeper.listener >= 0)
		supervise(k->supervise, keeper.listener, handover[0]);
	(void)close(handover[0]);
	keep(&keeper);
	_exit(0);
}

/* --- bsock-run itself -------------------------------------------------- */

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
	(void)sigprocmask(SIG_UNBLOCK, &one, &mask);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	(void)sigaction(sig, &old, NULL);
}

/* Returns false at the end of the stream. */
static bool
follow_command(struct front *front)
{
	struct news news;
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
		return FAILED; /* the keeper is no more */
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	(void)setrlimit(RLIMIT_CORE, &none);
	suffer(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int
bsock_run_keeper_start(const struct bsock_run_keeper *keeper)
{
	struct front front = {.command = -1, .ended = -1};
	int *kept[] = {&front.status, &front.signals};
	struct signals old;
	sigset_t all;
	int pair[2];
	pid_t pid;

	hold_signals(&old);
	if (bsock_compat_socketpair(pair) != 0 || (pid = fork()) < 0) {
		bsock_run_say("cannot start the keeper: %s", strerror(errno));
		return FAILED;
	}
	if (pid == 0) {
		(void)close(pair[0]);
		be_keeper(keeper, pair[1], &old);
	}
	(void)close(pair[1]);
	(void)sigfillset(&all);
	front.status = pair[0];
	front.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	let_go(STDIN_FILENO, STDERR_FILENO);
	keep_only(kept, sizeof(kept) / sizeof(kept[0]));
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

#include "bsock_run_say.h"

int
bsock_run_keeper_start(const struct bsock_run_keeper *keeper)
{
	(void)keeper;
	bsock_run_say("notify and -a need Linux");
	return FAILED;
}

#endif
