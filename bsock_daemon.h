/*
 * bsock_daemon - bsock -d: from its options to a daemon that serves
 */
#ifndef BSOCK_DAEMON_H
#define BSOCK_DAEMON_H

#include <sys/types.h>

#include <stdbool.h>

/* Paths are absolute: nothing depends on the working directory. */
struct bsock_daemon_options {
	const char *config;
	const char *resvaddr;
	const char *socket;
	gid_t group; /* (gid_t)-1: as the system gives it */
	mode_t mode;
	unsigned threads;
	bool foreground;
	const char *user; /* NULL: stay who we are */
	uid_t uid;        /* of that user */
	gid_t gid;
	char **argv;         /* as main got it, for a re-exec */
	const char *program; /* the file that we were started from */
};

/*
 * First of all, before anything that takes time: signals wait until the
 * daemon serves, and descriptors 0 to 2 are open, so that nothing that is
 * written to them gets into a file or a connection.  Returns 0, or -1 and
 * errno.
 */
int bsock_daemon_begin(void);

/* Returns the exit status. */
int bsock_daemon(const struct bsock_daemon_options *options);

#endif
