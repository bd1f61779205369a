/*
 * bsock_control - the unix socket that clients connect to, and that one
 * program serves it
 *
 * For start-up: it logs, and has the process to itself.
 */
#ifndef BSOCK_CONTROL_H
#define BSOCK_CONTROL_H

#include <sys/types.h>

struct bsock_control {
	const char *path; /* absolute */
	uid_t owner;      /* (uid_t)-1: as the system gives it */
	gid_t group;      /* the same */
	mode_t mode;
	int lock_fd; /* -1 until locked; then the caller's to close */
};

/*
 * Lock path.lock, so that no second daemon serves this path.  Returns 0, or
 * -1 after having logged why not.  The lock lives as long as lock_fd.
 */
int bsock_control_lock(struct bsock_control *control);

/*
 * Bind and listen at path: a socket file that nobody serves is replaced,
 * anything else is left alone.  The file has its owner, group and mode before
 * the first client can connect; the caller's umask must be 0177.  Returns a
 * close-on-exec descriptor, the caller's, or -1 after having logged why not.
 */
int bsock_control_listen(const struct bsock_control *control);

#endif
