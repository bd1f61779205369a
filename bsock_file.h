/*
 * bsock_file - open a file that only its rightful owner can have written
 *
 * Any thread; never while a request is served, since it may wait for a disk.
 */
#ifndef BSOCK_FILE_H
#define BSOCK_FILE_H

#include <stddef.h>

/*
 * Open a config file for reading, never through a symbolic link, and judge
 * the open file (fstat): a regular file, owned by root or by the effective
 * uid, not writable by group or others.  Returns a close-on-exec descriptor,
 * or -1 with errno and *why, a static sentence (NULL: errno says it all).
 */
int bsock_file_open(const char *path, const char **why);

/* What bsock_file_read() read. */
struct bsock_file {
	char *data;
	size_t len;
	size_t mapped; /* bytes of memory behind data */
};

/*
 * Read everything from fd into memory of its own, which the caller releases
 * with bsock_file_free().  Returns 0, or -1 and errno (EFBIG above 1 GiB).
 */
int bsock_file_read(int fd, struct bsock_file *file);
void bsock_file_free(struct bsock_file *file);

#endif
