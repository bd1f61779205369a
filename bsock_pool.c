/*
 * bsock_pool - the serving threads: at work or idle, and what they read
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_pool.h"

#include <signal.h>

#include "bsock_clock.h"
#include "bsock_compat.h"

/* How long main goes on looking after the last connection. */
#define WATCH_MS 100

void
bsock_pool_wake_main(const struct bsock_pool *pool)
{
	ssize_t n = write(pool->options.wake_fd, "", 1);

	(void)n; /* a full pipe wakes as well */
}

/* The signal is blocked everywhere else. */
void
bsock_pool_thread_begin(const struct bsock_thread *t)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, BSOCK_POOL_FREE_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (t->pool->options.confine != NULL)
		t->pool->options.confine();
}

void
bsock_pool_thread_end(struct bsock_thread *t)
{
	if (t->spare >= 0)
		(void)close(t->spare);
	t->spare = -1;
	atomic_store(&t->ended, true);
}

/* --- a thread's view of the config ----------------------------------------
 * The pointer is announced before it is used, and read again after: main
 * swaps first and looks at the announcements then, so one of the two sees the
 * other.
 */
const struct bsock_snapshot *
bsock_pool_hold(struct bsock_thread *t)
{
	const struct bsock_snapshot *s = atomic_load(&t->pool->snapshot);

	for (;;) {
		const struct bsock_snapshot *again;

		atomic_store(&t->reads, s);
		again = atomic_load(&t->pool->snapshot);
		if (again == s)
			return s;
		s = again;
	}
}

void
bsock_pool_release(struct bsock_thread *t)
{
	atomic_store_explicit(&t->reads, NULL, memory_order_release);
}

static bool
is_read(struct bsock_pool *pool, const struct bsock_snapshot *snapshot)
{
	for (unsigned i = 0; i < pool->nthreads; i++)
		if (atomic_load(&pool->threads[i].reads) == snapshot)
			return true;
	return false;
}

void
bsock_pool_swap(struct bsock_pool *pool, const struct bsock_snapshot *snapshot)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	const struct bsock_snapshot *old =
	    atomic_exchange(&pool->snapshot, snapshot);

	while (is_read(pool, old)) {
		(void)bsock_pool_free_stuck(pool);
		(void)nanosleep(&moment, NULL);
	}
}

/* --- at work or idle ------------------------------------------------------
 * Main watches while connections come.  It is told when the last idle thread
 * begins to work: then stuck ones stand in everybody's way.  A thread says
 * that it is at work before it reads whether main watches; main, at the end
 * of a watch, the other way round, so one of the two sees the other.
 */
void
bsock_pool_begin_work(struct bsock_thread *t, const struct timespec *now)
{
	struct bsock_pool *pool = t->pool;

	atomic_store(&t->busy_since,
	    (long long)now->tv_sec * 1000 + now->tv_nsec / 1000000);
	atomic_fetch_add_explicit(&t->taken, 1, memory_order_relaxed);
	if ((t == pool->parker || atomic_fetch_sub(&pool->idle, 1) == 1) &&
	    !atomic_load(&pool->watching) &&
	    !atomic_exchange(&pool->watching, true))
		bsock_pool_wake_main(pool);
}

void
bsock_pool_end_work(struct bsock_thread *t)
{
	atomic_store_explicit(&t->busy_since, 0, memory_order_relaxed);
	if (t != t->pool->parker)
		atomic_fetch_add(&t->pool->idle, 1);
}

bool
bsock_pool_others_idle(const struct bsock_pool *pool)
{
	return atomic_load(&pool->idle) > 0;
}

bool
bsock_pool_is_watched(const struct bsock_pool *pool)
{
	return atomic_load(&pool->watching);
}

bool
bsock_pool_free_stuck(struct bsock_pool *pool)
{
	long long now = bsock_clock_now();
	bool any = false;

	for (unsigned i = 0; i < pool->nthreads; i++) {
		struct bsock_thread *t = &pool->threads[i];
		long long since = atomic_load(&t->busy_since);

		any = any || since != 0;
		if (since != 0 && now - since >= BSOCK_POOL_STUCK_MS)
			(void)pthread_kill(t->id, BSOCK_POOL_FREE_SIGNAL);
	}
	return any;
}

/* Has a connection come since the last look? */
static bool
connections_came(struct bsock_pool *pool)
{
	unsigned taken = 0;
	bool came;

	for (unsigned i = 0; i < pool->nthreads; i++)
		taken += atomic_load(&pool->threads[i].taken);
	came = taken != pool->taken;
	pool->taken = taken;
	return came;
}

int
bsock_pool_tend(struct bsock_pool *pool)
{
	if (connections_came(pool)) {
		pool->watch_until = bsock_fdpass_deadline(WATCH_MS);
		atomic_store(&pool->watching, true);
	}
	if (!atomic_load(&pool->watching))
		return -1;
	if (bsock_fdpass_left(&pool->watch_until) == 0)
		atomic_store(&pool->watching, false);
	if (!bsock_pool_free_stuck(pool))
		return atomic_load(&pool->watching) ? BSOCK_POOL_STUCK_MS : -1;
	atomic_store(&pool->watching, true);
	return BSOCK_POOL_STUCK_MS;
}
