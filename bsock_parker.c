/*
 * bsock_parker - the thread that looks after parked connections
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_parker.h"

#include <poll.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_conn.h"

/* Users whose sockets linger in close(2) at the same time. */
#define SLOW_MAX 64

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
caller_of_place(struct bsock_thread *t, const struct bsock_parking_place *place)
{
	struct bsock_caller caller = bsock_conn_caller(t, place->conn);

	caller.peer = place->peer;
	caller.since = place->since;
	return caller;
}

/* A parked connection spoke, or its time is over. */
static void
unpark_request(struct bsock_thread *t, const struct bsock_parking_place *place,
    short revents)
{
	struct bsock_caller caller = caller_of_place(t, place);

	if (revents == 0 || !bsock_conn_receive(t, &caller, MSG_DONTWAIT))
		bsock_conn_refuse(t, &caller, ETIME, BSOCK_REASON_TIMEOUT);
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
		BSOCK_POOL_STUCK_MS &&
	    slow->n < SLOW_MAX)
		slow->owners[slow->n++] = owner;
}

static void
tend_place(struct bsock_thread *t, struct slow *slow, unsigned i, short revents)
{
	struct bsock_parking_place place;
	struct timespec now;
	int64_t owner;

	(void)pthread_mutex_lock(&t->pool->parking.lock);
	place = t->pool->parking.places[i];
	owner = t->pool->parking.owners[i];
	(void)pthread_mutex_unlock(&t->pool->parking.lock);
	if (!is_due(&place, revents) || slow_has(slow, owner))
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	bsock_pool_begin_work(t, &now);
	bsock_parking_leave(&t->pool->parking, i);
	if (place.state == BSOCK_PARKING_REQUEST)
		unpark_request(t, &place, revents);
	else
		(void)close(place.conn);
	bsock_pool_end_work(t);
	slow_note(slow, owner, &now);
}

/* The end: who has sent is served, who has not may ask the next daemon. */
static void
finish_place(struct bsock_thread *t, unsigned i)
{
	struct bsock_parking_place place;
	struct bsock_caller caller;

	(void)pthread_mutex_lock(&t->pool->parking.lock);
	place = t->pool->parking.places[i];
	(void)pthread_mutex_unlock(&t->pool->parking.lock);
	if (place.state != BSOCK_PARKING_REQUEST)
		return;
	bsock_parking_leave(&t->pool->parking, i);
	caller = caller_of_place(t, &place);
	if (!bsock_conn_receive(t, &caller, MSG_DONTWAIT))
		bsock_conn_refuse(t, &caller, EAGAIN, BSOCK_REASON_BUSY);
}

static void
empty_pipe(int fd)
{
	char buf[64];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

void *
bsock_parker(void *arg)
{
	static struct pollfd polls[BSOCK_PARKING_PLACES + 1];
	static uint16_t numbers[BSOCK_PARKING_PLACES + 1];
	static struct slow slow;
	struct bsock_thread *t = arg;
	unsigned n;
	int timeout;

	bsock_pool_thread_begin(t);
	while (!atomic_load(&t->pool->stopping)) {
		n = bsock_parking_polls(
		    &t->pool->parking, polls, numbers, &timeout);
		if (poll(polls, n, timeout) < 0)
			continue;
		if (polls[0].revents != 0)
			empty_pipe(t->pool->parking.wake[0]);
		slow.n = 0;
		for (unsigned i = 1; i < n; i++)
			tend_place(t, &slow, numbers[i], polls[i].revents);
	}
	for (unsigned i = 0; i < BSOCK_PARKING_PLACES; i++)
		finish_place(t, i);
	bsock_pool_thread_end(t);
	return NULL;
}
