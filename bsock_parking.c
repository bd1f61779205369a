/*
 * bsock_parking - connections that nobody is working on
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_parking.h"

#include <sys/ioctl.h>

#include "bsock_compat.h"

#if HAVE_SIOCOUTQ
#include <linux/sockios.h>
#endif

#define REQUEST_SECONDS 2
#define LINGER_TICK_MS  100 /* no event tells that a peer has read */

int
bsock_parking_init(struct bsock_parking *p)
{
	for (unsigned i = 0; i < BSOCK_PARKING_PLACES; i++) {
		p->owners[i] = BSOCK_PARKING_NOBODY;
		p->places[i].state = BSOCK_PARKING_FREE;
		p->places[i].conn = -1;
	}
	atomic_store(&p->count, 0);
	(void)pthread_mutex_init(&p->lock, NULL);
	return bsock_compat_pipe(p->wake);
}

void
bsock_parking_close(struct bsock_parking *p)
{
	for (unsigned i = 0; i < BSOCK_PARKING_PLACES; i++)
		if (p->places[i].state != BSOCK_PARKING_FREE)
			(void)close(p->places[i].conn);
	(void)close(p->wake[0]);
	(void)close(p->wake[1]);
	(void)pthread_mutex_destroy(&p->lock);
}

void
bsock_parking_wake(struct bsock_parking *p)
{
	ssize_t n = write(p->wake[1], "", 1);

	(void)n; /* a full pipe wakes as well */
}

bool
bsock_parking_empty(const struct bsock_parking *p)
{
	return atomic_load(&p->count) == 0;
}

/* A free place that this owner may have, or -1.  Under the lock. */
static int
find_place(const struct bsock_parking *p, int64_t owner)
{
	unsigned own = 0;
	int place = -1;

	for (unsigned i = 0; i < BSOCK_PARKING_PLACES; i++) {
		own += p->owners[i] == owner;
		if (p->owners[i] == BSOCK_PARKING_NOBODY)
			place = (int)i;
	}
	return own < BSOCK_PARKING_PER_UID ? place : -1;
}

bool
bsock_parking_admits(struct bsock_parking *p, int64_t owner)
{
	bool admits;

	if (bsock_parking_empty(p))
		return true;
	(void)pthread_mutex_lock(&p->lock);
	admits = find_place(p, owner) >= 0;
	(void)pthread_mutex_unlock(&p->lock);
	return admits;
}

bool
bsock_parking_enter(struct bsock_parking *p, int64_t owner,
    const struct bsock_parking_place *place)
{
	int i;

	(void)pthread_mutex_lock(&p->lock);
	i = find_place(p, owner);
	if (i >= 0) {
		p->owners[i] = owner;
		p->places[i] = *place;
		atomic_fetch_add(&p->count, 1);
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (i >= 0)
		bsock_parking_wake(p);
	return i >= 0;
}

void
bsock_parking_leave(struct bsock_parking *p, unsigned i)
{
	(void)pthread_mutex_lock(&p->lock);
	p->owners[i] = BSOCK_PARKING_NOBODY;
	p->places[i].state = BSOCK_PARKING_FREE;
	p->places[i].conn = -1;
	atomic_fetch_sub(&p->count, 1);
	(void)pthread_mutex_unlock(&p->lock);
}

int
bsock_parking_next_status(struct bsock_parking *p)
{
	int found = -1;

	if (bsock_parking_empty(p))
		return -1;
	(void)pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < BSOCK_PARKING_PLACES && found < 0; i++)
		if (p->places[i].state == BSOCK_PARKING_STATUS)
			found = (int)i;
	(void)pthread_mutex_unlock(&p->lock);
	return found;
}

void
bsock_parking_answered(struct bsock_parking *p, unsigned i)
{
	(void)pthread_mutex_lock(&p->lock);
	p->places[i].state = BSOCK_PARKING_LINGER;
	(void)pthread_mutex_unlock(&p->lock);
	bsock_parking_wake(p);
}

struct timespec
bsock_parking_deadline(const struct timespec *since)
{
	struct timespec deadline = *since;

	deadline.tv_sec += REQUEST_SECONDS;
	return deadline;
}

/* What to poll a place for; false: nothing. */
static bool
place_events(const struct bsock_parking_place *place, short *events)
{
	switch (place->state) {
	case BSOCK_PARKING_REQUEST:
		*events = POLLIN;
		return true;
	case BSOCK_PARKING_LINGER:
		*events = 0; /* POLLHUP comes unasked */
		return true;
	default:
		return false;
	}
}

static int
sooner(int a, int b)
{
	return a < 0 || b < a ? b : a;
}

unsigned
bsock_parking_polls(struct bsock_parking *p, struct pollfd *polls,
    uint16_t *numbers, int *timeout)
{
	unsigned n = 1;

	polls[0].fd = p->wake[0];
	polls[0].events = POLLIN;
	*timeout = -1;
	(void)pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < BSOCK_PARKING_PLACES; i++) {
		const struct bsock_parking_place *place = &p->places[i];
		struct timespec deadline;

		if (!place_events(place, &polls[n].events))
			continue;
		polls[n].fd = place->conn;
		polls[n].revents = 0;
		numbers[n++] = (uint16_t)i;
		deadline = bsock_parking_deadline(&place->since);
		*timeout = sooner(*timeout, place->state == BSOCK_PARKING_LINGER
						? LINGER_TICK_MS
						: bsock_fdpass_left(&deadline));
	}
	(void)pthread_mutex_unlock(&p->lock);
	return n;
}

bool
bsock_parking_is_read(int conn)
{
#if HAVE_SIOCOUTQ
	int unread = 1;

	if (ioctl(conn, SIOCOUTQ, &unread) == 0 && unread == 0)
		return true;
#endif
	return bsock_fdpass_hung_up(conn);
}
