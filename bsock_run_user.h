/*
 * bsock_run_user - bsock-run -u: becoming another user
 *
 * For a process with one thread.
 */
#ifndef BSOCK_RUN_USER_H
#define BSOCK_RUN_USER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#define BSOCK_RUN_USER_GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

struct bsock_run_user {
	uid_t uid;
	gid_t gid;
	gid_t groups[BSOCK_RUN_USER_GROUPS_MAX]; /* supplementary */
	size_t ngroups;
};

/* Look up user[:group], names or numbers; a uid that nobody has needs the
 * group.  Returns 0, or -1 after saying what is wrong. */
int bsock_run_user_find(struct bsock_run_user *user, const char *text);

/* Become that user for good; for root.  Returns 0, or -1 after saying why. */
int bsock_run_user_become(const struct bsock_run_user *user);

#endif
