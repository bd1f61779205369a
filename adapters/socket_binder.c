/*
 * bsock-socket-binder - binds the sockets of programs that speak
 * socket_binder's protocol
 *
 * Who may connect to PATH gets what etc/bsock lets this process's user have.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bsock_compat.h"
#include "../bsock_control.h"
#include "../bsock_fdpass.h"
#include "../bsock_log.h"
#include "../bsock_names.h"
#include "adapter.h"
#include "bsock_paths.h"
#include "socket_binder_pool.h"

#define PROGRAM         "bsock-socket-binder"
#define DEFAULT_MODE    "0660"
#define DESCRIPTORS_MAX 16384
#define LOCK_MS         2000 /* for another one to finish its start */
#define LOCK_RETRY_MS   10

static const char usage[] =
    "usage: " PROGRAM " [-p] [-f] path [mode] [user[.group]]\n";

static const char help[] =
    "\n"
    "Bind the sockets that clients send to the unix socket at path, to the\n"
    "addresses that etc/bsock lets the user of this program have.\n"
    "\n"
    "  -f      stay in the foreground, log to stderr\n"
    "  -p      print the pid of the daemon\n"
    "  -h      this help\n"
    "  mode    of the socket, octal             (" DEFAULT_MODE ")\n"
    "  user    and group that the socket gets   (those of this program)\n"
    "\n"
    "Whoever may connect is served.  See " PROGRAM "(1), bsock(5).\n";

struct binder {
	bool foreground, print_pid;
	struct bsock_control control;
	/* The directory of the path, for its lock and for removing the socket
	 * at the end; where it may not be read, AT_FDCWD and the whole path. */
	int directory;
	const char *name; /* in it */
	struct stat made; /* the socket */
	int listener;
	/* Of the daemon: the waiting parent, and /dev/null; or -1. */
	int ready, null;
};

static int
fail(const char *what)
{
	bsock_log(LOG_ERR, "%s: %s", what, bsock_compat_strerror(errno));
	return -1;
}

/* --- the socket -------------------------------------------------------- */

static void
open_directory(struct binder *binder)
{
	const char *path = binder->control.path;
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";

	binder->name = slash != NULL ? slash + 1 : path;
	if (slash != NULL)
		(void)snprintf(directory, sizeof(directory), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	binder->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (binder->directory < 0) {
		binder->directory = AT_FDCWD;
		binder->name = path;
	}
}

/*
 * Of two that start at once the second must see the first's socket, not take
 * a stale one's place with it.  Somebody else who holds the lock may not keep
 * us from starting.
 */
static void
lock_directory(const struct binder *binder)
{
	struct timespec deadline = bsock_fdpass_deadline(LOCK_MS);

	while (flock(binder->directory, LOCK_EX | LOCK_NB) != 0 &&
	       errno == EWOULDBLOCK && bsock_fdpass_left(&deadline) > 0)
		(void)poll(NULL, 0, LOCK_RETRY_MS);
}

/* It may be somebody else's by now. */
static void
remove_socket(const struct binder *binder)
{
	struct stat st;

	if (fstatat(binder->directory, binder->name, &st,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == binder->made.st_dev &&
	    st.st_ino == binder->made.st_ino)
		(void)unlinkat(binder->directory, binder->name, 0);
}

static int
open_socket(struct binder *binder)
{
	struct sockaddr_un sun;

	if (adapter_unix_address(&sun, binder->control.path) != 0)
		return fail(binder->control.path);
	(void)umask(0177);
	open_directory(binder);
	lock_directory(binder);
	binder->listener = bsock_control_listen(&binder->control);
	(void)flock(binder->directory, LOCK_UN);
	if (binder->listener < 0)
		return -1;
	if (lstat(binder->control.path, &binder->made) == 0 &&
	    fcntl(binder->listener, F_SETFL, O_NONBLOCK) == 0)
		return 0;
	(void)fail(binder->control.path);
	remove_socket(binder);
	return -1;
}

/* --- the daemon -------------------------------------------------------- */

static int
print_pid(pid_t pid)
{
	(void)printf("%ld\n", (long)pid);
	return fflush(stdout);
}

/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */

/* The child writes a byte when it serves; what stops it, it says itself. */
static _Noreturn void
wait_for_child(const struct binder *binder, int fd, pid_t pid)
{
	ssize_t n;
	char byte;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		bsock_log(LOG_ERR, "%s: ended before it served",
		    binder->control.path);
		exit(ADAPTER_EXIT_FAILURE);
	}
	if (n > 0 && (!binder->print_pid || print_pid(pid) == 0))
		exit(0);
	(void)fail("cannot say that it serves");
	(void)kill(pid, SIGTERM);
	remove_socket(binder);
	exit(ADAPTER_EXIT_FAILURE);
}

/*
 * Forks; the parent waits until the child serves, and its exit status says
 * so.
 */
static void
detach(struct binder *binder)
{
	int fds[2];
	pid_t pid;

	binder->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (binder->null < 0 || pipe(fds) != 0 || (pid = fork()) < 0) {
		(void)fail("cannot become a daemon");
		remove_socket(binder);
		exit(ADAPTER_EXIT_FAILURE);
	}
	if (pid != 0) {
		(void)close(fds[1]);
		wait_for_child(binder, fds[0], pid);
	}
	(void)close(fds[0]);
	(void)setsid();
	binder->ready = bsock_compat_cloexec(fds[1]);
}

/* NOLINTEND(concurrency-mt-unsafe) */

static void
become_null(const struct binder *binder, int fd)
{
	while (dup2(binder->null, fd) < 0)
		if (errno != EINTR && errno != EBUSY)
			return;
}

/* Serving: leave the terminal, let the parent go.  A start whose parent
 * was ended meanwhile is given up. */
static int
detached(struct binder *binder)
{
	ssize_t n;

	bsock_log_open(BSOCK_LOG_SYSLOG, BSOCK_SYSLOG_FACILITY);
	(void)chdir("/");
	for (int fd = 0; fd < 3; fd++)
		become_null(binder, fd);
	(void)close(binder->null);
	do
		n = write(binder->ready, "", 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		(void)fail("cannot say that it serves");
	(void)close(binder->ready);
	binder->ready = binder->null = -1;
	return n < 0 ? -1 : 0;
}

static void
on_end(int signum)
{
	int saved = errno;

	(void)signum;
	socket_binder_pool_end();
	errno = saved;
}

static int
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_end};

	if (sigaction(SIGTERM, &sa, NULL) != 0 ||
	    sigaction(SIGINT, &sa, NULL) != 0)
		return -1;
	return sigaction(SIGHUP, &sa, NULL);
}

static unsigned
raise_descriptors(void)
{
	struct rlimit limit;
	rlim_t before;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_max > DESCRIPTORS_MAX)
		limit.rlim_max = DESCRIPTORS_MAX;
	if (limit.rlim_cur >= limit.rlim_max)
		return (unsigned)limit.rlim_max;
	before = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	return (unsigned)(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max
								: before);
}

/* The signals first: one that comes before the pool ends it when it runs. */
static int
start(struct binder *binder)
{
	if (catch_signals() != 0 ||
	    socket_binder_pool_start(raise_descriptors()) != 0)
		return fail("cannot start");
	bsock_log(LOG_NOTICE, "serving %s", binder->control.path);
	if (binder->ready >= 0)
		return detached(binder);
	if (binder->print_pid)
		(void)print_pid(getpid());
	return 0;
}

static int
serve(struct binder *binder)
{
	int result = start(binder);

	if (result == 0)
		socket_binder_pool_run(binder->listener);
	remove_socket(binder);
	(void)bsock_log_drain();
	return result == 0 ? 0 : ADAPTER_EXIT_FAILURE;
}

/* --- options ----------------------------------------------------------- */

static int
fail_usage(void)
{
	(void)fputs(usage, stderr);
	return ADAPTER_EXIT_USAGE;
}

static bool
read_user(const char *text, uid_t *uid)
{
	unsigned long number;

	if (adapter_number(text, 10, UINT_MAX - 1, &number)) {
		*uid = (uid_t)number;
		return true;
	}
	return bsock_names_user(text, uid) == 0;
}

static bool
read_group(const char *text, gid_t *gid)
{
	unsigned long number;

	if (adapter_number(text, 10, UINT_MAX - 1, &number)) {
		*gid = (gid_t)number;
		return true;
	}
	return bsock_names_group(text, gid) == 0;
}

/* USER, or USER.GROUP; names may have dots in them. */
static int
read_owner(struct bsock_control *control, char *text)
{
	char *dot = strrchr(text, '.');

	if (read_user(text, &control->owner))
		return 0;
	if (dot != NULL) {
		*dot = '\0';
		if (read_user(text, &control->owner) &&
		    read_group(dot + 1, &control->group))
			return 0;
		*dot = '.';
	}
	bsock_log(LOG_ERR, "%s: no such user, or no such group", text);
	return -1;
}

/* Returns 0, or -1 for a usage error. */
static int
read_options(struct binder *binder, int argc, char **argv)
{
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((option = getopt(argc, argv, "pfh")) != -1)
		switch (option) {
		case 'p':
			binder->print_pid = true;
			break;
		case 'f':
			binder->foreground = true;
			break;
		case 'h':
			/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
			exit(printf("%s%s", usage, help) < 0);
		default:
			return -1;
		}
	return argc - optind >= 1 && argc - optind <= 3 ? 0 : -1;
}

static bool
read_mode(const char *text, mode_t *mode)
{
	unsigned long number;

	if (!adapter_number(text, 8, 0777, &number))
		return false;
	*mode = (mode_t)number;
	return true;
}

int
main(int argc, char **argv)
{
	struct binder binder = {
	    .control = {.owner = (uid_t)-1, .group = (gid_t)-1, .lock_fd = -1},
	    .directory = -1,
	    .listener = -1,
	    .ready = -1,
	    .null = -1,
	};
	char **args;

	if (adapter_start(PROGRAM) != 0) {
		(void)fail("cannot start");
		return ADAPTER_EXIT_FAILURE;
	}
	if (read_options(&binder, argc, argv) != 0)
		return fail_usage();
	args = argv + optind;
	binder.control.path = args[0];
	if (!read_mode(
		args[1] != NULL ? args[1] : DEFAULT_MODE, &binder.control.mode))
		return fail_usage();
	if (args[1] != NULL && args[2] != NULL &&
	    read_owner(&binder.control, args[2]) != 0)
		return ADAPTER_EXIT_FAILURE;
	if (open_socket(&binder) != 0)
		return ADAPTER_EXIT_FAILURE;
	if (adapter_unprivileged() != 0) {
		(void)fail("cannot give privileges up");
		remove_socket(&binder);
		return ADAPTER_EXIT_FAILURE;
	}
	if (binder.foreground)
		bsock_log_open(BSOCK_LOG_PRIORITY, 0);
	else
		detach(&binder);
	return serve(&binder);
}
