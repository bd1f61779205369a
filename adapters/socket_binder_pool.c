/*
 * socket_binder_pool - the connections of bsock-socket-binder, and the
 * threads that serve them
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "socket_binder_pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../bsock_clock.h"
#include "../bsock_compat.h"
#include "../bsock_fdpass.h"
#include "../bsock_log.h"
#include "socket_binder_serve.h"

#define WORKERS     16
#define STACK_SIZE  ((size_t)256 << 10)
#define PLACES_MAX  4096u
#define RESERVED    (16u + 3u * WORKERS) /* descriptors that are no client's */
#define FREE_SIGNAL SIGUSR1

#define STUCK_MS  50   /* how often close(2) of a lingering socket is ended */
#define PAUSE_MS  100  /* after an accept that failed; for a log that is full */
#define REPORT_MS 1000 /* how often suppressed lines are counted in the log */
#define END_MS    6000 /* for what is in hand at the end: bsock's 5 s */

enum state {
	FREE,
	WAITING, /* main polls it */
	AT_WORK, /* in the queue, or a worker has it */
};

struct place {
	enum state state; /* lock */
	/* Whose it is follows from state. */
	struct socket_binder_client client;
};

struct worker {
	pthread_t id;
	long long busy_since; /* lock; ms, 0: idle */
};

static struct pool {
	struct place *places;
	unsigned size;     /* of places */
	int wake[2];       /* a byte ends main's poll */
	atomic_int ending; /* set by a signal handler */

	pthread_mutex_t lock;
	pthread_cond_t work;    /* queued > 0 */
	unsigned *queue;        /* lock; a ring of size places */
	unsigned first, queued; /* lock */
	unsigned used, at_work; /* lock; places not FREE, AT_WORK */
	struct worker workers[WORKERS];

	/* Main only. */
	struct pollfd *polls; /* wake, listener, clients */
	unsigned *polled;     /* the places of the latter */
	unsigned npolled;
	struct timespec accept_after, report_after;
	bool log_left, report_left;
} pool = {
    .wake = {-1, -1},
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
};

static void
wake_main(void)
{
	ssize_t n = write(pool.wake[1], "", 1);

	(void)n; /* a full pipe wakes as well */
}

void
socket_binder_pool_end(void)
{
	atomic_store(&pool.ending, 1);
	wake_main();
}

/* --- workers ----------------------------------------------------------- */

/* Under the lock. */
static void
enqueue(unsigned i)
{
	pool.places[i].state = AT_WORK;
	pool.queue[(pool.first + pool.queued) % pool.size] = i;
	pool.queued++;
	pool.at_work++;
	(void)pthread_cond_signal(&pool.work);
}

/* Under the lock. */
static unsigned
dequeue(void)
{
	unsigned i;

	while (pool.queued == 0)
		(void)pthread_cond_wait(&pool.work, &pool.lock);
	i = pool.queue[pool.first];
	pool.first = (pool.first + 1) % pool.size;
	pool.queued--;
	return i;
}

/* Under the lock.  Main has to know of what it is to poll. */
static void
put_back(unsigned i, bool done)
{
	bool was_full = pool.used == pool.size;

	pool.at_work--;
	pool.places[i].state = done ? FREE : WAITING;
	if (done)
		pool.used--;
	if (!done || was_full)
		wake_main();
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, FREE_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)pthread_mutex_lock(&pool.lock);
	for (;;) {
		unsigned i = dequeue();
		bool done;

		worker->busy_since = bsock_clock_now();
		(void)pthread_mutex_unlock(&pool.lock);
		done = socket_binder_serve(&pool.places[i].client);
		(void)pthread_mutex_lock(&pool.lock);
		worker->busy_since = 0;
		put_back(i, done);
	}
	return NULL;
}

/* It only has to end a system call. */
static void
on_free_signal(int signum)
{
	(void)signum;
}

/*
 * A client can send sockets whose close(2) takes as long as it likes
 * (SO_LINGER).  A signal ends that; a thread that waits for bsock goes on
 * waiting.  Under the lock.
 */
static void
free_stuck_workers(void)
{
	long long now = bsock_clock_now();

	for (unsigned i = 0; i < WORKERS; i++) {
		const struct worker *w = &pool.workers[i];

		if (w->busy_since != 0 && now - w->busy_since >= STUCK_MS)
			(void)pthread_kill(w->id, FREE_SIGNAL);
	}
}

static int
start_workers(void)
{
	struct sigaction sa = {.sa_handler = on_free_signal};
	pthread_attr_t attr;
	sigset_t all, old;
	int error;

	if (sigaction(FREE_SIGNAL, &sa, NULL) != 0)
		return errno;
	error = pthread_attr_init(&attr);
	if (error != 0)
		return error;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < WORKERS && error == 0; i++)
		error = pthread_create(
		    &pool.workers[i].id, &attr, work, &pool.workers[i]);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	return error;
}

int
socket_binder_pool_start(unsigned descriptors)
{
	unsigned size =
	    descriptors > RESERVED ? (descriptors - RESERVED) / 2 : 1;

	/* A client has a connection and a socket. */
	if (size == 0)
		size = 1;
	pool.size = size < PLACES_MAX ? size : PLACES_MAX;
	pool.places = calloc(pool.size, sizeof(*pool.places));
	pool.queue = calloc(pool.size, sizeof(*pool.queue));
	pool.polled = calloc(pool.size, sizeof(*pool.polled));
	pool.polls = calloc(pool.size + 2, sizeof(*pool.polls));
	if (pool.places == NULL || pool.queue == NULL || pool.polled == NULL ||
	    pool.polls == NULL || bsock_compat_pipe(pool.wake) != 0)
		return -1;
	errno = start_workers();
	if (errno != 0)
		return -1;
	/* From here on main has to drain it; why there is no start must not
	 * wait for that. */
	bsock_log_queue(pool.wake[1]);
	return 0;
}

/* --- main -------------------------------------------------------------- */

/* Under the lock.  Returns when to look again at the latest (ms, -1). */
static int
collect_clients(void)
{
	struct pollfd *p = pool.polls + 2;
	int timeout = -1;

	pool.npolled = 0;
	for (unsigned i = 0, seen = 0; i < pool.size && seen < pool.used; i++) {
		struct place *place = &pool.places[i];

		seen += place->state != FREE;
		if (place->state != WAITING)
			continue;
		*p++ =
		    (struct pollfd){.fd = place->client.conn, .events = POLLIN};
		pool.polled[pool.npolled++] = i;
		timeout = bsock_clock_sooner(
		    timeout, bsock_fdpass_left(&place->client.deadline));
	}
	return timeout;
}

/* Fills pool.polls; returns the time-out. */
static int
collect(int listener)
{
	int timeout, pause;
	bool full;

	(void)pthread_mutex_lock(&pool.lock);
	timeout = collect_clients();
	if (pool.at_work > 0)
		timeout = bsock_clock_sooner(timeout, STUCK_MS);
	full = pool.used == pool.size;
	if (pool.used > 0)
		pool.report_left = true;
	(void)pthread_mutex_unlock(&pool.lock);
	pause = bsock_fdpass_left(&pool.accept_after);
	pool.polls[0] = (struct pollfd){.fd = pool.wake[0], .events = POLLIN};
	pool.polls[1] = (struct pollfd){
	    .fd = full || pause > 0 ? -1 : listener, .events = POLLIN};
	if (pause > 0)
		timeout = bsock_clock_sooner(timeout, pause);
	if (pool.log_left)
		timeout = bsock_clock_sooner(timeout, PAUSE_MS);
	if (pool.report_left)
		timeout = bsock_clock_sooner(timeout, REPORT_MS);
	return timeout;
}

/* Clients that have sent something, or have had their time. */
static void
dispatch(void)
{
	(void)pthread_mutex_lock(&pool.lock);
	for (unsigned n = 0; n < pool.npolled; n++) {
		unsigned i = pool.polled[n];

		if (pool.polls[n + 2].revents != 0 ||
		    bsock_fdpass_left(&pool.places[i].client.deadline) == 0)
			enqueue(i);
	}
	free_stuck_workers();
	(void)pthread_mutex_unlock(&pool.lock);
}

/* Under the lock; there is one. */
static unsigned
free_place(void)
{
	unsigned i = 0;

	while (pool.places[i].state != FREE)
		i++;
	return i;
}

/* The client has most likely sent its request already. */
static void
admit(int conn)
{
	struct socket_binder_client *client;
	unsigned i;

	(void)pthread_mutex_lock(&pool.lock);
	i = free_place();
	client = &pool.places[i].client;
	client->conn = conn;
	client->fd = -1;
	client->len = 0;
	client->deadline = bsock_fdpass_deadline(SOCKET_BINDER_SECONDS * 1000);
	pool.used++;
	enqueue(i);
	(void)pthread_mutex_unlock(&pool.lock);
}

static bool
has_room(void)
{
	bool room;

	(void)pthread_mutex_lock(&pool.lock);
	room = pool.used < pool.size;
	(void)pthread_mutex_unlock(&pool.lock);
	return room;
}

static void
accept_clients(int listener)
{
	while (has_room()) {
		int conn = bsock_compat_accept(listener);

		if (conn >= 0) {
			admit(conn);
			continue;
		}
		/* No descriptors, no memory: they come back. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pool.accept_after = bsock_fdpass_deadline(PAUSE_MS);
		return;
	}
}

static void
write_log(void)
{
	pool.log_left = bsock_log_drain();
	if (!pool.report_left || bsock_fdpass_left(&pool.report_after) > 0)
		return;
	pool.report_left = bsock_log_report_suppressed();
	pool.report_after = bsock_fdpass_deadline(REPORT_MS);
}

static void
drain_wake(void)
{
	char buf[64];

	while (read(pool.wake[0], buf, sizeof(buf)) > 0)
		continue;
}

/* Answers what is in hand, and gives up the rest. */
static void
finish(void)
{
	struct timespec deadline = bsock_fdpass_deadline(END_MS);
	bool busy = true;

	while (busy && bsock_fdpass_left(&deadline) > 0) {
		(void)pthread_mutex_lock(&pool.lock);
		busy = pool.at_work > 0;
		free_stuck_workers();
		(void)pthread_mutex_unlock(&pool.lock);
		if (busy)
			(void)poll(NULL, 0, STUCK_MS);
	}
	(void)bsock_log_drain();
}

void
socket_binder_pool_run(int listener)
{
	while (atomic_load(&pool.ending) == 0) {
		int timeout = collect(listener);
		int n = poll(pool.polls, pool.npolled + 2, timeout);

		if (n < 0) {
			if (errno != EINTR)
				(void)poll(NULL, 0, PAUSE_MS);
			continue;
		}
		if (pool.polls[0].revents != 0)
			drain_wake();
		dispatch();
		if (pool.polls[1].revents != 0)
			accept_clients(listener);
		write_log();
	}
	/* No close(2): it would close what is queued, and that may linger.  At
	 * exit nothing does. */
	(void)shutdown(listener, SHUT_RDWR);
	finish();
}
