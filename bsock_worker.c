#include "bsock_worker.h"

#include <sys/time.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_parking.h"

/* How long a thread waits for a request that is on its way: longer than a
 * client needs from connect(2) to sendmsg(2), short beside its deadline. */
#define SHORT_WAIT_NS 300000

/* A thread at work for longer than this is stuck in the close of a socket
 * that lingers (SO_LINGER); a signal ends that wait. */
#define STUCK_MS 3
#define SLOW_MAX 64 /* users who try that at the same time */
/* How long main goes on looking after the last connection. */
#define WATCH_MS 100
/* How long those in the queue have when the daemon ends. */
#define DRAIN_MS    2000
#define FREE_SIGNAL SIGUSR1

#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

struct thread {
	pthread_t id;
	/* What the thread reads at the moment; NULL: nothing. */
	_Atomic(const struct bsock_snapshot *) reads;
	atomic_llong busy_since; /* ms; 0: idle */
	atomic_uint taken;       /* connections so far */
	atomic_bool ended;
	int spare; /* a descriptor to give up when none is left */
	gid_t groups[GROUPS_MAX];
};

static struct pool {
	struct bsock_worker_options options; /* fixed while threads run */
	unsigned nthreads;                   /* with the parker, the last one */
	struct thread *parker;
	struct bsock_parking parking;
	_Atomic(const struct bsock_snapshot *) snapshot;
	atomic_bool draining; /* who is in the queue is served, and the end */
	atomic_bool stopping;
	atomic_bool watching;        /* main looks for stuck threads */
	struct timespec watch_until; /* main */
	unsigned taken; /* main: by all threads, at the last look */
	int status;     /* main: the place being answered */
	/* Threads in accept.  Every request writes it: by itself in a cache
	 * line, since every request reads what stands before. */
	_Alignas(64) atomic_int idle;
} pool;

static struct thread threads[BSOCK_WORKER_THREADS_MAX + 1];

static long long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
wake_main(void)
{
	ssize_t n = write(pool.options.wake_fd, "", 1);

	(void)n; /* a full pipe wakes as well */
}

/* --- a thread's view of the config ----------------------------------------
 * The pointer is announced before it is used, and read again after: main
 * swaps first and looks at the announcements then, so one of the two sees the
 * other.
 */
static const struct bsock_snapshot *
snapshot_hold(struct thread *t)
{
	const struct bsock_snapshot *s = atomic_load(&pool.snapshot);

	for (;;) {
		const struct bsock_snapshot *again;

		atomic_store(&t->reads, s);
		again = atomic_load(&pool.snapshot);
		if (again == s)
			return s;
		s = again;
	}
}

static void
snapshot_release(struct thread *t)
{
	atomic_store_explicit(&t->reads, NULL, memory_order_release);
}

/* --- at work or idle ------------------------------------------------------
 * Main watches while connections come, and frees with a signal who has been at
 * work for too long.  It is told when the last idle thread begins to work:
 * only then can stuck ones stand in anybody's way.  A thread says that it is
 * at work before it reads whether main watches; main, at the end of a watch,
 * the other way round, so one of the two sees the other.
 */
static void
begin_work(struct thread *t, const struct timespec *now)
{
	atomic_store(&t->busy_since,
	    (long long)now->tv_sec * 1000 + now->tv_nsec / 1000000);
	atomic_fetch_add_explicit(&t->taken, 1, memory_order_relaxed);
	if ((t == pool.parker || atomic_fetch_sub(&pool.idle, 1) == 1) &&
	    !atomic_load(&pool.watching) &&
	    !atomic_exchange(&pool.watching, true))
		wake_main();
}

static void
end_work(struct thread *t)
{
	atomic_store_explicit(&t->busy_since, 0, memory_order_relaxed);
	if (t != pool.parker)
		atomic_fetch_add(&pool.idle, 1);
}

/* --- one connection ---------------------------------------------------- */

/* In whose share of places a connection is. */
static int64_t
owner_of(struct thread *t, struct bsock_caller *caller)
{
	const struct bsock_snapshot *s = snapshot_hold(t);
	bool known = bsock_caller_known(pool.options.service, s, caller);

	snapshot_release(t);
	return known ? (int64_t)caller->peer.uid : BSOCK_PARKING_STRANGER;
}

static void
refuse_and_close(
    struct bsock_caller *caller, int error, enum bsock_reason reason)
{
	bsock_serve_refuse(pool.options.service, caller, error, reason);
	(void)close(caller->conn);
}

/* Puts the connection aside; it is closed when there is no place. */
static void
park(struct thread *t, struct bsock_caller *caller,
    enum bsock_parking_state state)
{
	const struct bsock_parking_place place = {
	    .state = state,
	    .conn = caller->conn,
	    .peer = caller->peer,
	    .since = caller->since,
	};

	if (bsock_parking_enter(&pool.parking, owner_of(t, caller), &place)) {
		if (state == BSOCK_PARKING_STATUS)
			wake_main();
	} else if (state == BSOCK_PARKING_LINGER) {
		(void)close(caller->conn); /* it has its answer */
	} else {
		refuse_and_close(caller, EAGAIN, BSOCK_REASON_BUSY);
	}
}

/* poll(2) for a moment. */
static short
short_wait(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
#if HAVE_PPOLL
	const struct timespec moment = {.tv_nsec = SHORT_WAIT_NS};

	if (ppoll(&p, 1, &moment, NULL) > 0)
		return p.revents;
#else
	if (poll(&p, 1, 1) > 0)
		return p.revents;
#endif
	return 0;
}

/* A reply with a descriptor is out: the peer sees the end of the stream now,
 * the connection stays until it has read it. */
static void
linger(struct thread *t, struct bsock_caller *caller)
{
	(void)shutdown(caller->conn, SHUT_WR);
	if (bsock_parking_is_read(caller->conn) ||
	    (short_wait(caller->conn, 0) & (POLLHUP | POLLERR)) != 0 ||
	    bsock_parking_is_read(caller->conn))
		(void)close(caller->conn);
	else
		park(t, caller, BSOCK_PARKING_LINGER);
}

static void
serve(struct thread *t, struct bsock_caller *caller, const void *buf,
    size_t len, int fd)
{
	const struct bsock_snapshot *s = snapshot_hold(t);
	enum bsock_after after;

	after =
	    bsock_serve(pool.options.service, s, caller, buf, len, fd, NULL);
	snapshot_release(t);
	switch (after) {
	case BSOCK_AFTER_CLOSE:
		(void)close(caller->conn);
		break;
	case BSOCK_AFTER_LINGER:
		linger(t, caller);
		break;
	case BSOCK_AFTER_STATUS:
		park(t, caller, BSOCK_PARKING_STATUS);
		break;
	}
}

/* Reads what has come; false when nothing has. */
static bool
receive_and_serve(struct thread *t, struct bsock_caller *caller, int flags)
{
	uint8_t buf[BSOCK_WIRE_REQUEST_SIZE];
	int fd = -1;
	ssize_t n =
	    bsock_fdpass_recv(caller->conn, buf, sizeof(buf), &fd, flags);

	if (n == 0 && bsock_fdpass_hung_up(caller->conn))
		(void)close(caller->conn); /* it only looked */
	else if (n >= 0)
		serve(t, caller, buf, (size_t)n, fd);
	else if (errno == EAGAIN || errno == EINTR)
		return false;
	else if (errno == EMFILE)
		refuse_and_close(caller, EAGAIN, BSOCK_REASON_BUSY);
	else
		(void)close(caller->conn);
	return true;
}

/*
 * The request is on its way.  Where another thread is free the socket itself
 * waits for it: without a precise timer, which costs more than the wait in a
 * virtual machine, but for some milliseconds where nothing comes.  The last
 * free thread waits for a moment only.
 */
static bool
wait_and_serve(struct thread *t, struct bsock_caller *caller)
{
	const struct timeval tick = {.tv_usec = 1000};

	if (atomic_load(&pool.idle) > 0 &&
	    setsockopt(caller->conn, SOL_SOCKET, SO_RCVTIMEO, &tick,
		sizeof(tick)) == 0)
		return receive_and_serve(t, caller, 0);
	return short_wait(caller->conn, POLLIN) != 0 &&
	       receive_and_serve(t, caller, MSG_DONTWAIT);
}

/* While main watches, its signal ends the wait: no timer is needed. */
static bool
await_and_serve(struct thread *t, struct bsock_caller *caller)
{
	if (atomic_load(&pool.watching) && atomic_load(&pool.idle) > 0)
		return receive_and_serve(t, caller, 0);
	return receive_and_serve(t, caller, MSG_DONTWAIT) ||
	       wait_and_serve(t, caller);
}

/* A new connection, from its credentials to its end or its parking. */
static void
handle(struct thread *t, struct bsock_caller *caller)
{
	if (bsock_fdpass_peer(caller->conn, &caller->peer) != 0) {
		(void)close(caller->conn);
		return;
	}
	if (!bsock_parking_empty(&pool.parking) &&
	    !bsock_parking_admits(&pool.parking, owner_of(t, caller))) {
		refuse_and_close(caller, EAGAIN, BSOCK_REASON_BUSY);
		return;
	}
	if (!await_and_serve(t, caller))
		park(t, caller, BSOCK_PARKING_REQUEST);
}

static struct bsock_caller
caller_of(struct thread *t, int conn)
{
	struct bsock_caller caller = {
	    .conn = conn,
	    .groups = t->groups,
	    .groups_max = GROUPS_MAX,
	    .ngroups = -1,
	};

	(void)clock_gettime(CLOCK_MONOTONIC, &caller.since);
	return caller;
}

/* --- the pool ---------------------------------------------------------- */

static void
work_on(struct thread *t, int conn)
{
	struct bsock_caller caller = caller_of(t, conn);

	begin_work(t, &caller.since);
	handle(t, &caller);
	end_work(t);
}

/*
 * No descriptor is left for the next connection.  The spare one is given up
 * for it, so that its client hears of it, or is served when there is room
 * again by then; without a spare one, a pause, so that this never spins.
 */
static void
accept_exhausted(struct thread *t)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct bsock_caller caller;
	int conn;

	if (t->spare < 0) {
		(void)nanosleep(&pause, NULL);
		t->spare = fcntl(pool.options.listener, F_DUPFD_CLOEXEC, 0);
		return;
	}
	(void)close(t->spare);
	t->spare = -1;
	conn = bsock_compat_accept(pool.options.listener);
	if (conn < 0)
		return;
	t->spare = fcntl(pool.options.listener, F_DUPFD_CLOEXEC, 0);
	if (t->spare >= 0) {
		work_on(t, conn);
		return;
	}
	caller = caller_of(t, conn);
	if (bsock_fdpass_peer(conn, &caller.peer) == 0)
		bsock_serve_refuse(
		    pool.options.service, &caller, EAGAIN, BSOCK_REASON_BUSY);
	(void)close(conn);
	t->spare = fcntl(pool.options.listener, F_DUPFD_CLOEXEC, 0);
}

static void
accept_failed(struct thread *t)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct pollfd p = {.fd = pool.options.listener, .events = POLLIN};

	if (errno == EMFILE || errno == ENFILE)
		accept_exhausted(t);
	else if (errno == EAGAIN) /* who gave us the listener wants it so */
		(void)poll(&p, 1, -1);
	else if (errno != EINTR && errno != ECONNABORTED)
		(void)nanosleep(&pause, NULL);
}

/* FREE_SIGNAL is not blocked in these threads, and does nothing. */
static void
thread_begin(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, FREE_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (pool.options.confine != NULL)
		pool.options.confine();
}

static void
thread_end(struct thread *t)
{
	if (t->spare >= 0)
		(void)close(t->spare);
	t->spare = -1;
	atomic_store(&t->ended, true);
}

static void *
worker(void *arg)
{
	struct thread *t = arg;

	thread_begin();
	while (!atomic_load(&pool.stopping)) {
		int conn = bsock_compat_accept(pool.options.listener);

		if (conn >= 0)
			work_on(t, conn);
		else if (errno == EINVAL && atomic_load(&pool.draining))
			break;
		else
			accept_failed(t);
	}
	thread_end(t);
	return NULL;
}

/* --- the parker -------------------------------------------------------- */

/* Is there anything to do about a parked connection? */
static bool
is_due(const struct bsock_parking_place *place, short revents)
{
	struct timespec deadline = bsock_parking_deadline(&place->since);

	if (revents != 0)
		return true;
	if (place->state == BSOCK_PARKING_LINGER)
		return bsock_parking_is_read(place->conn);
	return bsock_fdpass_left(&deadline) == 0;
}

static struct bsock_caller
caller_of_place(struct thread *t, const struct bsock_parking_place *place)
{
	struct bsock_caller caller = caller_of(t, place->conn);

	caller.peer = place->peer;
	caller.since = place->since;
	return caller;
}

/* A parked connection spoke, or its time is over. */
static void
unpark_request(
    struct thread *t, const struct bsock_parking_place *place, short revents)
{
	struct bsock_caller caller = caller_of_place(t, place);

	if (revents == 0 || !receive_and_serve(t, &caller, MSG_DONTWAIT))
		refuse_and_close(&caller, ETIME, BSOCK_REASON_TIMEOUT);
}

/* Whose connections took long in this round of the parker: the others of the
 * same owner wait for the next, so that everybody else waits for one of them
 * and not for all. */
struct slow {
	int64_t owners[SLOW_MAX];
	unsigned n;
};

static bool
slow_has(const struct slow *slow, int64_t owner)
{
	for (unsigned i = 0; i < slow->n; i++)
		if (slow->owners[i] == owner)
			return true;
	return false;
}

static void
slow_note(struct slow *slow, int64_t owner, const struct timespec *begun)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - begun->tv_sec) * 1000 +
		    (now.tv_nsec - begun->tv_nsec) / 1000000 >=
		STUCK_MS &&
	    slow->n < SLOW_MAX)
		slow->owners[slow->n++] = owner;
}

static void
tend_place(struct thread *t, struct slow *slow, unsigned i, short revents)
{
	struct bsock_parking_place place;
	struct timespec now;
	int64_t owner;

	(void)pthread_mutex_lock(&pool.parking.lock);
	place = pool.parking.places[i];
	owner = pool.parking.owners[i];
	(void)pthread_mutex_unlock(&pool.parking.lock);
	if (!is_due(&place, revents) || slow_has(slow, owner))
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	begin_work(t, &now);
	bsock_parking_leave(&pool.parking, i);
	if (place.state == BSOCK_PARKING_REQUEST)
		unpark_request(t, &place, revents);
	else
		(void)close(place.conn);
	end_work(t);
	slow_note(slow, owner, &now);
}

/* The end: who has sent is served, who has not may ask the next daemon. */
static void
finish_place(struct thread *t, unsigned i)
{
	struct bsock_parking_place place;
	struct bsock_caller caller;

	(void)pthread_mutex_lock(&pool.parking.lock);
	place = pool.parking.places[i];
	(void)pthread_mutex_unlock(&pool.parking.lock);
	if (place.state != BSOCK_PARKING_REQUEST)
		return;
	bsock_parking_leave(&pool.parking, i);
	caller = caller_of_place(t, &place);
	if (!receive_and_serve(t, &caller, MSG_DONTWAIT))
		refuse_and_close(&caller, EAGAIN, BSOCK_REASON_BUSY);
}

static void
empty_pipe(int fd)
{
	char buf[64];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static void *
parker(void *arg)
{
	static struct pollfd polls[BSOCK_PARKING_PLACES + 1];
	static uint16_t numbers[BSOCK_PARKING_PLACES + 1];
	static struct slow slow;
	struct thread *t = arg;
	unsigned n;
	int timeout;

	thread_begin();
	while (!atomic_load(&pool.stopping)) {
		n = bsock_parking_polls(
		    &pool.parking, polls, numbers, &timeout);
		if (poll(polls, n, timeout) < 0)
			continue;
		if (polls[0].revents != 0)
			empty_pipe(pool.parking.wake[0]);
		slow.n = 0;
		for (unsigned i = 1; i < n; i++)
			tend_place(t, &slow, numbers[i], polls[i].revents);
	}
	for (unsigned i = 0; i < BSOCK_PARKING_PLACES; i++)
		finish_place(t, i);
	thread_end(t);
	return NULL;
}

/* --- the main thread's part -------------------------------------------- */

static void
nothing(int signum)
{
	(void)signum;
}

static int
thread_start(struct thread *t, void *(*run)(void *))
{
	pthread_attr_t attr;
	int error;

	atomic_store(&t->reads, NULL);
	atomic_store(&t->busy_since, 0);
	atomic_store(&t->taken, 0);
	atomic_store(&t->ended, false);
	t->spare = fcntl(pool.options.listener, F_DUPFD_CLOEXEC, 0);
	if (pthread_attr_init(&attr) != 0)
		return -1;
	(void)pthread_attr_setstacksize(&attr, (size_t)256 << 10);
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
	pool.parker = &threads[options->threads];
	atomic_store(&pool.snapshot, options->snapshot);
	atomic_store(&pool.draining, false);
	atomic_store(&pool.stopping, false);
	atomic_store(&pool.watching, false);
	atomic_store(&pool.idle, (int)options->threads);
	(void)sigaction(FREE_SIGNAL, &sa, NULL);
	if (bsock_parking_init(&pool.parking) != 0)
		return -1;
	for (unsigned i = 0; i <= options->threads; i++) {
		if (thread_start(&threads[i],
			i < options->threads ? worker : parker) != 0) {
			error = errno;
			bsock_worker_stop();
			errno = error;
			return -1;
		}
	}
	return 0;
}

/* Signals every thread that has been at work for too long; false when none is
 * at work. */
static bool
free_stuck(void)
{
	long long now = now_ms();
	bool any = false;

	for (unsigned i = 0; i < pool.nthreads; i++) {
		long long since = atomic_load(&threads[i].busy_since);

		any = any || since != 0;
		if (since != 0 && now - since >= STUCK_MS)
			(void)pthread_kill(threads[i].id, FREE_SIGNAL);
	}
	return any;
}

/* Has a connection come since the last look? */
static bool
connections_came(void)
{
	unsigned taken = 0;
	bool came;

	for (unsigned i = 0; i < pool.nthreads; i++)
		taken += atomic_load(&threads[i].taken);
	came = taken != pool.taken;
	pool.taken = taken;
	return came;
}

int
bsock_worker_tend(void)
{
	if (connections_came()) {
		pool.watch_until = bsock_fdpass_deadline(WATCH_MS);
		atomic_store(&pool.watching, true);
	}
	if (!atomic_load(&pool.watching))
		return -1;
	if (bsock_fdpass_left(&pool.watch_until) == 0)
		atomic_store(&pool.watching, false);
	if (!free_stuck())
		return atomic_load(&pool.watching) ? STUCK_MS : -1;
	atomic_store(&pool.watching, true);
	return STUCK_MS;
}

static bool
is_read(const struct bsock_snapshot *snapshot)
{
	for (unsigned i = 0; i < pool.nthreads; i++)
		if (atomic_load(&threads[i].reads) == snapshot)
			return true;
	return false;
}

void
bsock_worker_swap(const struct bsock_snapshot *snapshot)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	const struct bsock_snapshot *old =
	    atomic_exchange(&pool.snapshot, snapshot);

	while (is_read(old)) {
		free_stuck();
		(void)nanosleep(&moment, NULL);
	}
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
		if (&threads[i] != pool.parker &&
		    !atomic_load(&threads[i].ended))
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
		free_stuck();
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
		while (!atomic_load(&threads[i].ended)) {
			(void)pthread_kill(threads[i].id, FREE_SIGNAL);
			(void)nanosleep(&moment, NULL);
		}
		(void)pthread_join(threads[i].id, NULL);
	}
	pool.nthreads = 0;
	bsock_parking_close(&pool.parking);
}
