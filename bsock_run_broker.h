/*
 * bsock_run_broker - a bsock of one command's own (bsock-run -a)
 *
 * The daemon's serving code with rules from the command line, in a child of
 * bsock-run that runs as the user of the command with CAP_NET_BIND_SERVICE
 * and nothing else.  It listens on an abstract socket with a random name and
 * serves the descendants of its bsock-run only.
 */
#ifndef BSOCK_RUN_BROKER_H
#define BSOCK_RUN_BROKER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "bsock_addr.h"

#define BSOCK_RUN_BROKER_MAX 64 /* addresses */

struct bsock_broker {
	uid_t uid;
	gid_t gid;
	struct bsock_addr addrs[BSOCK_RUN_BROKER_MAX];
	size_t naddrs;
	bool any;            /* every port from 1 to 1023, TCP and UDP */
	unsigned long binds; /* it ends after so many; 0: no limit */
	bool verbose;        /* its decisions on stderr */
};

/* Take an -a argument.  Returns 0, or -1 after saying what is wrong. */
int bsock_broker_allow(struct bsock_broker *broker, const char *arg);

/*
 * Start it, as a child; for root.  *path (BSOCK_SOCKET) is where it listens.
 * Returns
 * the socket over which it hears of its keeper: until a pid comes it serves
 * the caller itself, then that process and its descendants; at the end of
 * the stream it ends.  -1 after saying why.
 */
int bsock_broker_start(
    const struct bsock_broker *broker, const char **path, pid_t *pid);

#endif
