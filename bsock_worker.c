/*
 * bsock_worker - the threads that serve
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_worker.h"

#include <sys/mman.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "bsock_compat.h"
#include "bsock_conn.h"
#include "bsock_parker.h"
#include "bsock_pool.h"

/* How long those in the queue have when the daemon ends. */
#define DRAIN_MS 2000

static struct bsock_pool pool;

/* --- a serving thread -------------------------------------------------- */

static void
work_on(struct bsock_thread *t, int conn)
{
	struct bsock_caller caller = bsock_conn_caller(t, conn);

	bsock_pool_begin_work(t, &caller.since);
	bsock_conn_handle(t, &caller);
	bsock_pool_end_work(t);
}

/*
 * No descriptor is left for the next connection.  The spare one is given up
 * for it, so that its client hears of it, or is served when there is room
 * again by then; without a spare one, a pause, so that this never spins.
 */
static void
accept_exhausted(struct bsock_thread *t)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct bsock_caller caller;
	int conn;

	if (t->spare < 0) {
		(void)nanosleep(&pause, NULL);
		t->spare = fcntl(t->pool->options.listener, F_DUPFD_CLOEXEC, 0);
		return;
	}
	(void)close(t->spare);
	t->spare = -1;
	conn = bsock_compat_accept(t->pool->options.listener);
	if (conn < 0)
		return;
	t->spare = fcntl(t->pool->options.listener, F_DUPFD_CLOEXEC, 0);
	if (t->spare >= 0) {
		work_on(t, conn);
		return;
	}
	caller = bsock_conn_caller(t, conn);
	if (bsock_fdpass_peer(conn, &caller.peer) == 0)
		bsock_serve_refuse(t->pool->options.service, &caller, EAGAIN,
		    BSOCK_REASON_BUSY);
	(void)close(conn);
	t->spare = fcntl(t->pool->options.listener, F_DUPFD_CLOEXEC, 0);
}

static void
accept_failed(struct bsock_thread *t)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct pollfd p = {.fd = t->pool->options.listener, .events = POLLIN};

	if (errno == EMFILE || errno == ENFILE)
		accept_exhausted(t);
	else if (errno == EAGAIN) /* who gave us the listener wants it so */
		(void)poll(&p, 1, -1);
	else if (errno != EINTR && errno != ECONNABORTED)
		(void)nanosleep(&pause, NULL);
}

static void *
worker(void *arg)
{
	struct bsock_thread *t = arg;

	bsock_pool_thread_begin(t);
	while (!atomic_load(&t->pool->stopping)) {
		int conn = bsock_compat_accept(t->pool->options.listener);

		if (conn >= 0)
			work_on(t, conn);
		else if (errno == EINVAL && atomic_load(&t->pool->draining))
			break;
		else
			accept_failed(t);
	}
	bsock_pool_thread_end(t);
	return NULL;
}

/* --- the main thread's part -------------------------------------------- */

static void
nothing(int signum)
{
	(void)signum;
}

/* Each thread's room for the supplementary groups of who asks. */
static int
groups_map(void)
{
	pool.groups_size = ((size_t)pool.options.threads + 1) *
			   BSOCK_POOL_GROUPS_MAX * sizeof(gid_t);
	pool.groups = mmap(NULL, pool.groups_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pool.groups == MAP_FAILED ? -1 : 0;
}

static int
thread_start(struct bsock_thread *t, void *(*run)(void *))
{
	pthread_attr_t attr;
	int error;

	t->pool = &pool;
	t->groups = pool.groups + (t - pool.threads) * BSOCK_POOL_GROUPS_MAX;
	atomic_store(&t->reads, NULL);
	atomic_store(&t->busy_since, 0);
	atomic_store(&t->taken, 0);
	atomic_store(&t->ended, false);
	error = pthread_attr_init(&attr);
	if (error != 0) {
		errno = error;
		return -1;
	}
	(void)pthread_attr_setstacksize(&attr, (size_t)256 << 10);
	t->spare = fcntl(pool.options.listener, F_DUPFD_CLOEXEC, 0);
	error = pthread_create(&t->id, &attr, run, t);
	(void)pthread_attr_destroy(&attr);
	if (error == 0) {
		pool.nthreads++;
		return 0;
	}
	if (t->spare >= 0)
		(void)close(t->spare);
	errno = error;
	return -1;
}

int
bsock_worker_start(const struct bsock_worker_options *options)
{
	struct sigaction sa = {.sa_handler = nothing};
	int error;

	pool.options = *options;
	pool.nthreads = 0;
	pool.taken = 0;
	pool.status = -1;
	pool.parker = &pool.threads[options->threads];
	atomic_store(&pool.snapshot, options->snapshot);
	atomic_store(&pool.draining, false);
	atomic_store(&pool.stopping, false);
	atomic_store(&pool.watching, false);
	atomic_store(&pool.idle, (int)options->threads);
	(void)sigaction(BSOCK_POOL_FREE_SIGNAL, &sa, NULL);
	if (groups_map() != 0)
		return -1;
	if (bsock_parking_init(&pool.parking) != 0) {
		(void)munmap(pool.groups, pool.groups_size);
		return -1;
	}
	for (unsigned i = 0; i <= options->threads; i++) {
		if (thread_start(&pool.threads[i],
			i < options->threads ? worker : bsock_parker) != 0) {
			error = errno;
			bsock_worker_stop();
			errno = error;
			return -1;
		}
	}
	return 0;
}

void
bsock_worker_swap(const struct bsock_snapshot *snapshot)
{
	bsock_pool_swap(&pool, snapshot);
}

int
bsock_worker_tend(void)
{
	return bsock_pool_tend(&pool);
}

int
bsock_worker_next_status(void)
{
	pool.status = bsock_parking_next_status(&pool.parking);
	return pool.status < 0 ? -1 : pool.parking.places[pool.status].conn;
}

void
bsock_worker_answered(void)
{
	bsock_parking_answered(&pool.parking, (unsigned)pool.status);
	pool.status = -1;
}

unsigned
bsock_worker_parked(void)
{
	return atomic_load(&pool.parking.count);
}

static bool
workers_ended(void)
{
	for (unsigned i = 0; i < pool.nthreads; i++)
		if (&pool.threads[i] != pool.parker &&
		    !atomic_load(&pool.threads[i].ended))
			return false;
	return true;
}

/* After shutdown(2) nobody comes in any more, accept(2) gives those who are
 * in the queue, and then EINVAL. */
void
bsock_worker_drain(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct timespec deadline = bsock_fdpass_deadline(DRAIN_MS);

	atomic_store(&pool.draining, true);
	(void)shutdown(pool.options.listener, SHUT_RD);
	while (!workers_ended() && bsock_fdpass_left(&deadline) > 0) {
		(void)bsock_pool_free_stuck(&pool);
		(void)nanosleep(&moment, NULL);
	}
}

/* Threads that wait are woken by the signal, again and again, since one that
 * came before the wait is lost. */
void
bsock_worker_stop(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	atomic_store(&pool.stopping, true);
	for (unsigned i = 0; i < pool.nthreads; i++) {
		while (!atomic_load(&pool.threads[i].ended)) {
			(void)pthread_kill(
			    pool.threads[i].id, BSOCK_POOL_FREE_SIGNAL);
			(void)nanosleep(&moment, NULL);
		}
		(void)pthread_join(pool.threads[i].id, NULL);
	}
	pool.nthreads = 0;
	bsock_parking_close(&pool.parking);
	(void)munmap(pool.groups, pool.groups_size);
}
