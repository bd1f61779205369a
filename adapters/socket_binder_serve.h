/*
 * socket_binder_serve - one client of bsock-socket-binder
 */
#ifndef SOCKET_BINDER_SERVE_H
#define SOCKET_BINDER_SERVE_H

#include <stdbool.h>
#include <time.h>

#include "socket_binder_wire.h"

#define SOCKET_BINDER_SECONDS 2 /* for a client to send its request */

struct socket_binder_client {
	int conn;
	int fd; /* the socket that it sent, or -1 */
	struct timespec deadline;
	size_t len; /* bytes in buf */
	uint8_t buf[SOCKET_BINDER_REQUEST_MAX];
};

/*
 * Read what the client has sent, and once that is a request, or can never
 * become one, or the deadline is over: answer, log, close, return true.
 * False: there is more to come, call again when there is.  Waits for bsock,
 * for 5 seconds at most, and never for the client, but for a close(2) of a
 * socket that lingers, which a signal ends.  Any thread.
 */
bool socket_binder_serve(struct socket_binder_client *client);

#endif
