/*
 * bsock_unixpath - bind a unix socket to a path, safely as root
 *
 * Nothing is opened and nothing of the client's is followed: every directory
 * above the path must be root's alone, so that nobody can change what is
 * there between a look and an act.  Any thread, but for
 * bsock_unixpath_start(); nothing waits; descriptors stay the caller's.
 */
#ifndef BSOCK_UNIXPATH_H
#define BSOCK_UNIXPATH_H

#include <sys/types.h>

#include <stdbool.h>

#include "bsock_addr.h"
#include "bsock_fdpass.h"

/* Before any bind, while files can still be opened: remembers /proc/net/unix.
 * Where there is none, no leftover file is ever replaced. */
void bsock_unixpath_start(void);

/*
 * 0, or the errno value that says why not: EACCES (a directory above the
 * path is not root's alone), ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG.
 */
int bsock_unixpath_check_directories(const struct bsock_addr *addr);

/*
 * Bind fd to addr (a named path), replacing a leftover socket file of the
 * same user, and give the new file (mode 0600, by the process's umask) to
 * the peer.  Returns 0 or an errno value.
 */
int bsock_unixpath_bind(
    int fd, const struct bsock_addr *addr, const struct bsock_peer *peer);

/* Which file a reserved path was bound to, in case another takes its place. */
struct bsock_unixpath_file {
	dev_t dev;
	ino_t ino;
};

/*
 * The same for a reserved path: the file stays ours (mode 0600) until it is
 * given away, and a leftover is replaced whoever owned it, since only root
 * could have put it there.  release() unlinks it.  Both leave alone what is
 * not that file.  The first two return 0 or an errno value.
 */
int bsock_unixpath_take(
    int fd, const struct bsock_addr *addr, struct bsock_unixpath_file *file);
int bsock_unixpath_give(const struct bsock_addr *addr,
    const struct bsock_unixpath_file *file, const struct bsock_peer *peer);
void bsock_unixpath_release(
    const struct bsock_addr *addr, const struct bsock_unixpath_file *file);

/* The file at the path now: 0 or an errno value. */
int bsock_unixpath_identify(
    const struct bsock_addr *addr, struct bsock_unixpath_file *file);

#endif
