/*
 * bsock_worker - the threads that serve
 *
 * A fixed pool: each thread accepts, waits a moment for the request, serves
 * it and closes.  A connection that has nothing to say yet is parked, and one
 * more thread, the parker, serves it when it speaks.  The config is read
 * through one pointer; a swap waits for no request and no request for it.
 *
 * All functions are the main thread's.
 */
#ifndef BSOCK_WORKER_H
#define BSOCK_WORKER_H

#include "bsock_serve.h"

#define BSOCK_WORKER_THREADS_MAX 64
#define BSOCK_WORKER_THREADS     4

struct bsock_worker_options {
	int listener;     /* stays the caller's */
	unsigned threads; /* 1..BSOCK_WORKER_THREADS_MAX */
	int wake_fd;      /* a byte is written here when main should tend */
	const struct bsock_service *service;
	const struct bsock_snapshot *snapshot;
	void (*confine)(void); /* called first in each thread; may be NULL */
};

/* Start the threads; 0, or -1 and errno.  All signals must be blocked. */
int bsock_worker_start(const struct bsock_worker_options *options);

/* Serve from this snapshot from now on; returns once no thread sees the old
 * one any more. */
void bsock_worker_swap(const struct bsock_snapshot *snapshot);

/*
 * After a byte came over wake_fd, or when the time that the last call
 * returned is over (milliseconds, -1: no need): frees threads that wait for
 * a request that does not come, or are stuck in a lingering close.
 */
int bsock_worker_tend(void);

/*
 * A connection that waits for the STATUS answer, or -1; it stays the pool's,
 * and the next one is told after bsock_worker_answered().
 */
int bsock_worker_next_status(void);
void bsock_worker_answered(void);

/* Connections that are parked. */
unsigned bsock_worker_parked(void);

/*
 * The listener is shut: nobody comes in any more, and those who are in its
 * queue are served.  Not for a listener that another process serves next.
 */
void bsock_worker_drain(void);

/* Finish the requests in hand and end the threads. */
void bsock_worker_stop(void);

#endif
