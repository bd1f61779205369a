/*
 * bsock_pool - the serving threads: at work or idle, and what they read
 *
 * What the modules that run in these threads share.  A thread says when it is
 * at work; while connections come the main thread looks after them all, and
 * frees with a signal whoever has been at work for too long.  The config is
 * read through one pointer: a swap waits for no request, and no request for
 * it.
 */
#ifndef BSOCK_POOL_H
#define BSOCK_POOL_H

#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "bsock_parking.h"
#include "bsock_worker.h"

/* A thread at work for longer than this waits for a request that does not
 * come, or is stuck in the close of a socket that lingers (SO_LINGER). */
#define BSOCK_POOL_STUCK_MS 3

/* Does nothing but end the system call that a stuck thread waits in. */
#define BSOCK_POOL_FREE_SIGNAL SIGUSR1

#define BSOCK_POOL_GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

struct bsock_pool;

struct bsock_thread {
	struct bsock_pool *pool;
	pthread_t id;
	/* What the thread reads at the moment; NULL: nothing. */
	_Atomic(const struct bsock_snapshot *) reads;
	atomic_llong busy_since; /* ms; 0: idle */
	atomic_uint taken;       /* connections so far */
	atomic_bool ended;
	int spare;     /* a descriptor to give up when none is left */
	gid_t *groups; /* room for BSOCK_POOL_GROUPS_MAX */
};

struct bsock_pool {
	struct bsock_worker_options options; /* fixed while threads run */
	unsigned nthreads;                   /* with the parker, the last one */
	struct bsock_thread *parker;
	struct bsock_parking parking;
	_Atomic(const struct bsock_snapshot *) snapshot;
	atomic_bool draining; /* who is in the queue is served, and the end */
	atomic_bool stopping;
	atomic_bool watching;        /* main looks for stuck threads */
	struct timespec watch_until; /* main */
	unsigned taken;     /* main: by all threads, at the last look */
	int status;         /* main: the place being answered */
	gid_t *groups;      /* of all threads */
	size_t groups_size; /* bytes */
	struct bsock_thread threads[BSOCK_WORKER_THREADS_MAX + 1];
	/* Threads in accept.  Every request writes it: by itself in a cache
	 * line, since every request reads what stands before. */
	_Alignas(64) atomic_int idle;
};

/* --- in a serving thread ----------------------------------------------- */

/* First and last in each of them. */
void bsock_pool_thread_begin(const struct bsock_thread *thread);
void bsock_pool_thread_end(struct bsock_thread *thread);

void bsock_pool_begin_work(
    struct bsock_thread *thread, const struct timespec *now);
void bsock_pool_end_work(struct bsock_thread *thread);

/* Is another thread free to accept, so that this one may wait? */
bool bsock_pool_others_idle(const struct bsock_pool *pool);

/* Does main look, so that its signal ends any wait of this thread? */
bool bsock_pool_is_watched(const struct bsock_pool *pool);

void bsock_pool_wake_main(const struct bsock_pool *pool);

/* The config in force, valid until it is released. */
const struct bsock_snapshot *bsock_pool_hold(struct bsock_thread *thread);
void bsock_pool_release(struct bsock_thread *thread);

/* --- in the main thread ------------------------------------------------ */

/* As bsock_worker_swap() and bsock_worker_tend(). */
void bsock_pool_swap(
    struct bsock_pool *pool, const struct bsock_snapshot *snapshot);
int bsock_pool_tend(struct bsock_pool *pool);

/* Signals every thread that has been at work for too long; false when none
 * is at work. */
bool bsock_pool_free_stuck(struct bsock_pool *pool);

#endif
