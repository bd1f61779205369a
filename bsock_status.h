/*
 * bsock_status - the answer to STATUS: what bsockctl(8) shows
 *
 * Made by the main thread, so that no request waits for it, as JSON in a
 * sealed memory file: however slowly it is read, the daemon is done.  All
 * functions are the main thread's.
 * bsock-protocol(7) lists the members.  Strings hold ASCII only: a byte
 * outside it is written as the Unicode character of that number.
 */
#ifndef BSOCK_STATUS_H
#define BSOCK_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "bsock_resvaddr.h"
#include "bsock_serve.h"

/* How loading the config went so far; the main thread's. */
struct bsock_status_loads {
	unsigned long generation; /* good ones, the one at start included */
	unsigned long failed;     /* reloads that changed nothing */
	time_t loaded;            /* when the last good one was */
	time_t error_time;        /* when the last bad one was */
	char error[512];          /* its first error; "" when there was none */
};

void bsock_status_loaded(struct bsock_status_loads *loads);
void bsock_status_failed(struct bsock_status_loads *loads, const char *error);

struct bsock_status {
	struct timespec started; /* CLOCK_MONOTONIC */
	const struct bsock_status_loads *loads;
	bool reloading;
	size_t rules;
	unsigned waiting; /* connections that have not sent a request */
	struct bsock_counters *counters;
	const struct bsock_resvaddr_set *reserved;
};

/* A close-on-exec descriptor of the JSON text, the caller's, to be read from
 * its beginning; or -1 and errno (ENOSYS: no memory files here). */
int bsock_status_make(const struct bsock_status *status);

/* Make it and send it as the reply over that connection, which stays open.
 * What cannot be made is answered with its errno value. */
void bsock_status_answer(int conn, const struct bsock_status *status);

#endif
