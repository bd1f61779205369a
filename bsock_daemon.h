/*
 * bsock_daemon - bsock -d: start-up, main loop, end
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

/* Returns the exit status. */
int bsock_daemon(const struct bsock_daemon_options *options);

#endif
