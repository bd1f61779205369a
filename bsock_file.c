/*
 * bsock_file - open a file that only its rightful owner can have written
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "bsock_compat.h"

#define SIZE_LIMIT ((size_t)1 << 30)
#define SLACK      4096 /* the file may grow while it is read */

/* NULL, or what makes the file one that somebody else may have written. */
static const char *
distrusted(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "it is not a regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "its owner is neither root nor the user that reads it";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "it is writable by its group or by others (chmod go-w)";
	return NULL;
}

int
bsock_file_open(const char *path, const char **why)
{
	struct stat st;
	int fd;

	*why = NULL;
	/* O_NONBLOCK: a fifo in its place must not hold us up. */
	fd = open(
	    path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ELOOP)
			*why = "it is a symbolic link";
		return -1;
	}
	if (fstat(fd, &st) != 0) {
		int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	*why = distrusted(&st);
	if (*why == NULL)
		return fd;
	(void)close(fd);
	errno = EACCES;
	return -1;
}

/* Reads until the end; the number of bytes, or -1 and errno. */
static ssize_t
read_all(int fd, char *buf, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, buf + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			return (ssize_t)got;
		got += (size_t)n;
	}
	errno = EFBIG; /* it grows faster than we read */
	return -1;
}

int
bsock_file_read(int fd, struct bsock_file *file)
{
	struct stat st;
	ssize_t n;
	void *p;

	if (fstat(fd, &st) != 0)
		return -1;
	if (st.st_size < 0 || (size_t)st.st_size > SIZE_LIMIT) {
		errno = EFBIG;
		return -1;
	}
	file->mapped = (size_t)st.st_size + SLACK;
	/* Mapped, so that its pages go back to the system at once. */
	p = mmap(NULL, file->mapped, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	file->data = p;
	n = read_all(fd, file->data, file->mapped);
	if (n < 0) {
		int error = errno;

		bsock_file_free(file);
		errno = error;
		return -1;
	}
	file->len = (size_t)n;
	return 0;
}

void
bsock_file_free(struct bsock_file *file)
{
	(void)munmap(file->data, file->mapped);
	file->data = NULL;
	file->len = 0;
}
