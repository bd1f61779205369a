/*
 * bsock_control - the unix socket that clients connect to, and that one
 * program serves it
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_control.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_log.h"

static void
say(const struct bsock_control *control, const char *what)
{
	bsock_log(LOG_ERR, "%s: %s: %s", control->path, what,
	    bsock_compat_strerror(errno));
}

/* The directory of the socket is on a file system that a reboot empties. */
static void
make_directory(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	mode_t mask;

	if (slash == NULL || slash == path ||
	    (size_t)(slash - path) >= sizeof(dir))
		return;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	mask = umask(022);
	(void)mkdir(dir, 0755); /* binding says it when it is missing */
	(void)umask(mask);
}

int
bsock_control_lock(struct bsock_control *control)
{
	char path[PATH_MAX];
	int n, fd;

	make_directory(control->path);
	n = snprintf(path, sizeof(path), "%s.lock", control->path);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		say(control, "cannot lock");
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		bsock_log(LOG_ERR, "%s: cannot open: %s", path,
		    bsock_compat_strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			bsock_log(LOG_ERR,
			    "%s: another bsock serves this socket",
			    control->path);
		else
			say(control, "cannot lock");
		(void)close(fd);
		return -1;
	}
	control->lock_fd = fd;
	return 0;
}

static bool
address_of(const char *path, struct sockaddr_un *un)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(un->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(un->sun_path, path, strlen(path));
	return true;
}

/* 0 when the path is free for us; -1 and logged when it is not. */
static int
clear_stale(const struct bsock_control *control, const struct sockaddr_un *un)
{
	struct stat st;
	int s, served;

	if (lstat(control->path, &st) != 0)
		return errno == ENOENT ? 0 : (say(control, "cannot look"), -1);
	if (!S_ISSOCK(st.st_mode)) {
		bsock_log(
		    LOG_ERR, "%s: is there and is not a socket", control->path);
		return -1;
	}
	s = bsock_compat_socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || fcntl(s, F_SETFL, O_NONBLOCK) != 0) {
		say(control, "cannot look");
		if (s >= 0)
			(void)close(s);
		return -1;
	}
	served = connect(s, (const struct sockaddr *)un, sizeof(*un)) == 0 ||
		 errno != ECONNREFUSED;
	(void)close(s);
	if (served) {
		bsock_log(LOG_ERR,
		    "%s: already being provided by another program",
		    control->path);
		return -1;
	}
	if (unlink(control->path) == 0 || errno == ENOENT)
		return 0;
	say(control, "cannot remove the stale socket");
	return -1;
}

/* The process's umask made the file 0600: until here it is ours alone. */
static int
open_up(const struct bsock_control *control)
{
	if ((control->owner != (uid_t)-1 || control->group != (gid_t)-1) &&
	    lchown(control->path, control->owner, control->group) != 0) {
		say(control, "cannot give it to its owner and group");
		return -1;
	}
	if (chmod(control->path, control->mode) != 0) {
		say(control, "cannot set its mode");
		return -1;
	}
	return 0;
}

int
bsock_control_listen(const struct bsock_control *control)
{
	struct sockaddr_un un;
	int s = -1;

	if (!address_of(control->path, &un)) {
		say(control, "cannot bind");
		return -1;
	}
	if (clear_stale(control, &un) != 0)
		return -1;
	s = bsock_compat_socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&un, sizeof(un)) != 0)
		say(control, "cannot bind");
	else if (open_up(control) != 0)
		(void)unlink(control->path);
	else if (listen(s, SOMAXCONN) != 0) {
		say(control, "cannot listen");
		(void)unlink(control->path);
	} else
		return s;
	if (s >= 0)
		(void)close(s);
	return -1;
}
