/*
 * bsock_unixpath - bind a unix socket to a path, safely as root
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_unixpath.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_socket.h"

#define LINKS_MAX 16 /* symbolic links on the way */

static pthread_mutex_t replace_lock = PTHREAD_MUTEX_INITIALIZER;
static int table_fd = -1; /* /proc/net/unix; its buffer: replace_lock */

void
bsock_unixpath_start(void)
{
	if (table_fd < 0)
		table_fd = open("/proc/net/unix", O_RDONLY | O_CLOEXEC);
}

/* The way to the directory of a path, while links are being resolved. */
struct walk {
	char done[PATH_MAX]; /* resolved and trusted, "" is the root */
	char todo[PATH_MAX]; /* what is still ahead */
	int links;
};

/* Only root can change what is in it. */
static bool
is_roots_alone(const struct stat *st)
{
	return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Puts the target of a link before what is still ahead. */
static int
walk_into_link(struct walk *w, const char *link)
{
	char target[PATH_MAX];
	size_t rest = strlen(w->todo);
	ssize_t n;

	if (++w->links > LINKS_MAX)
		return ELOOP;
	n = readlink(link, target, sizeof(target));
	if (n < 0)
		return errno;
	if ((size_t)n + 1 + rest + 1 > sizeof(w->todo))
		return ENAMETOOLONG;
	memmove(w->todo + n + 1, w->todo, rest + 1);
	memcpy(w->todo, target, (size_t)n);
	w->todo[n] = '/';
	if (target[0] == '/')
		w->done[0] = '\0';
	return 0;
}

/* "..": the directory above is one that was trusted on the way. */
static void
walk_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash != NULL)
		*slash = '\0';
}

/* Takes one component from todo to done. */
static int
walk_step(struct walk *w, const char *name, size_t len)
{
	size_t done = strlen(w->done);
	struct stat st;

	if (len == 0 || (len == 1 && name[0] == '.'))
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		walk_up(w);
		return 0;
	}
	if (done + 1 + len + 1 > sizeof(w->done))
		return ENAMETOOLONG;
	w->done[done] = '/';
	memcpy(w->done + done + 1, name, len);
	w->done[done + 1 + len] = '\0';
	if (lstat(w->done, &st) != 0)
		return errno;
	if (S_ISLNK(st.st_mode)) {
		char link[PATH_MAX];

		if (st.st_uid != 0)
			return EACCES;
		memcpy(link, w->done, done + 1 + len + 1);
		w->done[done] = '\0';
		return walk_into_link(w, link);
	}
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	return is_roots_alone(&st) ? 0 : EACCES;
}

/* Walks to the directory that w->todo names; done is then its real path. */
static int
walk_to_end(struct walk *w)
{
	struct stat st;
	int error;

	if (lstat("/", &st) != 0)
		return errno;
	if (!is_roots_alone(&st))
		return EACCES;
	while (w->todo[0] != '\0') {
		char name[NAME_MAX + 1];
		size_t len = strcspn(w->todo, "/");
		size_t skip = len + (w->todo[len] == '/');

		if (len > NAME_MAX)
			return ENAMETOOLONG;
		memcpy(name, w->todo, len);
		memmove(w->todo, w->todo + skip, strlen(w->todo + skip) + 1);
		error = walk_step(w, name, len);
		if (error != 0)
			return error;
	}
	return 0;
}

/* The path as a string, and where its last component begins. */
static size_t
split_path(const struct bsock_addr *addr, char path[BSOCK_ADDR_PATH_MAX + 1])
{
	memcpy(path, addr->path, addr->pathlen);
	path[addr->pathlen] = '\0';
	return (size_t)(strrchr(path, '/') - path) + 1;
}

/* Checks the directories and writes the path without links to real. */
static int
resolve(const struct bsock_addr *addr, char real[PATH_MAX + 128])
{
	struct walk w = {.links = 0};
	char path[BSOCK_ADDR_PATH_MAX + 1];
	size_t name = split_path(addr, path);
	size_t len;
	int error;

	memcpy(w.todo, path, name);
	error = walk_to_end(&w);
	if (error != 0)
		return error;
	len = strlen(w.done);
	memcpy(real, w.done, len);
	real[len] = '/';
	memcpy(real + len + 1, path + name, strlen(path + name) + 1);
	return 0;
}

int
bsock_unixpath_check_directories(const struct bsock_addr *addr)
{
	char real[PATH_MAX + 128];

	return resolve(addr, real);
}

/* Does a line of /proc/net/unix name this socket?  A name without a leading
 * slash was bound from some directory that is not told: taken as ours. */
static bool
line_names(const char *line, size_t len, const char *real, const char *asked)
{
	const char *name = memchr(line, '/', len);
	const char *last = strrchr(real, '/') + 1;
	size_t n;

	if (name != NULL && name > line && name[-1] == ' ') {
		n = len - (size_t)(name - line);
		return (n == strlen(real) && memcmp(name, real, n) == 0) ||
		       (n == strlen(asked) && memcmp(name, asked, n) == 0);
	}
	n = strlen(last);
	return len > n && memcmp(line + len - n, last, n) == 0 &&
	       (line[len - n - 1] == ' ' || line[len - n - 1] == '/');
}

/* Looks through one buffer of whole lines; the number of bytes used. */
static size_t
scan_lines(const char *buf, size_t len, const char *real, const char *asked,
    bool *found)
{
	size_t used = 0;
	const char *newline;

	while ((newline = memchr(buf + used, '\n', len - used)) != NULL) {
		size_t n = (size_t)(newline - (buf + used));

		*found = *found || line_names(buf + used, n, real, asked);
		used += n + 1;
	}
	return used;
}

/* Is some socket bound to the path?  Unknown counts as yes. */
static bool
is_bound(const char *real, const char *asked)
{
	char buf[4096];
	size_t have = 0;
	off_t offset = 0;
	bool found = table_fd < 0;

	while (!found) {
		ssize_t n =
		    pread(table_fd, buf + have, sizeof(buf) - have, offset);
		size_t used;

		if (n < 0)
			found = true;
		if (n <= 0)
			break;
		offset += n;
		have += (size_t)n;
		used = scan_lines(buf, have, real, asked, &found);
		/* A line is far shorter than the buffer. */
		found = found || (used == 0 && have == sizeof(buf));
		have -= used;
		memmove(buf, buf + used, have);
	}
	return found;
}

/* What connect(2) says, without waiting: 0 or an errno value. */
static int
try_connect(const struct bsock_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = bsock_addr_to_sockaddr(addr, &ss);
	int s, error = 0;

	s = bsock_compat_socket_nonblock(AF_UNIX, (int)addr->socktype, 0);
	if (s < 0)
		return errno;
	if (connect(s, (struct sockaddr *)&ss, len) != 0)
		error = errno;
	(void)close(s);
	return error;
}

/*
 * Does nobody answer there?  The file has mode 0600, and we have given up
 * the capability to look past that: for the moment of the question it is
 * ours.  Only somebody in another network namespace can still be behind it
 * (see is_bound), and gets it back.
 */
static bool
is_deserted(const struct bsock_addr *addr, const char *real, uid_t uid)
{
	int error = try_connect(addr);

	if (error != EACCES || lchown(real, geteuid(), (gid_t)-1) != 0)
		return error == ECONNREFUSED;
	error = try_connect(addr);
	if (error != ECONNREFUSED)
		(void)lchown(real, uid, (gid_t)-1);
	return error == ECONNREFUSED;
}

/* Removes what an earlier run of that user (NULL: of anybody) left; 0 when
 * the path is free then. */
static int
clear_leftover(
    const struct bsock_addr *addr, const char *real, const uid_t *owner)
{
	char path[BSOCK_ADDR_PATH_MAX + 1];
	struct stat st;

	(void)split_path(addr, path);
	if (lstat(real, &st) != 0)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(st.st_mode) || (owner != NULL && st.st_uid != *owner) ||
	    is_bound(real, path) || !is_deserted(addr, real, st.st_uid))
		return EADDRINUSE;
	return unlink(real) == 0 || errno == ENOENT ? 0 : errno;
}

/* One at a time: nobody of us puts a new file between the look at the old
 * one and its end. */
static int
replace(
    int fd, const struct bsock_addr *addr, const char *real, const uid_t *owner)
{
	int error;

	(void)pthread_mutex_lock(&replace_lock);
	error = clear_leftover(addr, real, owner);
	if (error == 0)
		error = bsock_socket_bind(fd, addr);
	(void)pthread_mutex_unlock(&replace_lock);
	return error;
}

int
bsock_unixpath_bind(
    int fd, const struct bsock_addr *addr, const struct bsock_peer *peer)
{
	char real[PATH_MAX + 128];
	int error;

	error = resolve(addr, real);
	if (error == 0)
		error = replace(fd, addr, real, &peer->uid);
	if (error != 0)
		return error;
	if (lchown(real, peer->uid, peer->gid) != 0) {
		error = errno;
		(void)unlink(real);
	}
	return error;
}

int
bsock_unixpath_identify(
    const struct bsock_addr *addr, struct bsock_unixpath_file *file)
{
	char path[BSOCK_ADDR_PATH_MAX + 1];
	struct stat st;

	(void)split_path(addr, path);
	if (lstat(path, &st) != 0)
		return errno;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return S_ISSOCK(st.st_mode) ? 0 : EADDRINUSE;
}

int
bsock_unixpath_take(
    int fd, const struct bsock_addr *addr, struct bsock_unixpath_file *file)
{
	char real[PATH_MAX + 128];
	int error;

	error = resolve(addr, real);
	if (error == 0)
		error = replace(fd, addr, real, NULL);
	if (error == 0)
		error = bsock_unixpath_identify(addr, file);
	return error;
}

/* Where the file still is the one that we bound, and nobody can change that:
 * its directories are root's alone. */
static bool
is_still(const struct bsock_addr *addr, const struct bsock_unixpath_file *file,
    char real[PATH_MAX + 128])
{
	struct bsock_unixpath_file now = {0};

	return resolve(addr, real) == 0 &&
	       bsock_unixpath_identify(addr, &now) == 0 &&
	       now.dev == file->dev && now.ino == file->ino;
}

int
bsock_unixpath_give(const struct bsock_addr *addr,
    const struct bsock_unixpath_file *file, const struct bsock_peer *peer)
{
	char real[PATH_MAX + 128];

	if (!is_still(addr, file, real))
		return ENOENT;
	return lchown(real, peer->uid, peer->gid) == 0 ? 0 : errno;
}

void
bsock_unixpath_release(
    const struct bsock_addr *addr, const struct bsock_unixpath_file *file)
{
	char real[PATH_MAX + 128];

	if (is_still(addr, file, real))
		(void)unlink(real);
}
