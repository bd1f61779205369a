/*
 * bsock_parking - connections that nobody is working on
 *
 * A fixed number of places for connections that have not sent anything yet,
 * that have not read the descriptor they got, or that wait for a STATUS
 * answer.  Here the limits are kept: so many in all, so many for a uid, and
 * as many as for one uid for all strangers together, to whom no rule can
 * apply.  One thread (the parker) polls them all.
 *
 * While nobody is parked, bsock_parking_admits() is one atomic load.
 */
#ifndef BSOCK_PARKING_H
#define BSOCK_PARKING_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bsock_fdpass.h"

#define BSOCK_PARKING_PLACES  1024
#define BSOCK_PARKING_PER_UID 64

enum bsock_parking_state {
	BSOCK_PARKING_FREE,
	BSOCK_PARKING_REQUEST, /* has not sent: has a deadline */
	BSOCK_PARKING_LINGER,  /* has not read its descriptor */
	BSOCK_PARKING_STATUS,  /* wants an answer of the main thread */
};

struct bsock_parking_place {
	enum bsock_parking_state state;
	int conn;
	struct bsock_peer peer;
	struct timespec since; /* accepted */
};

/* In owners: whose a place is. */
#define BSOCK_PARKING_NOBODY   (-1)
#define BSOCK_PARKING_STRANGER (-2)

struct bsock_parking {
	pthread_mutex_t lock;
	atomic_uint count;                    /* written under lock */
	int64_t owners[BSOCK_PARKING_PLACES]; /* lock */
	struct bsock_parking_place places[BSOCK_PARKING_PLACES]; /* lock */
	int wake[2]; /* a byte here makes the parker look again */
};

/* Returns 0, or -1 and errno. */
int bsock_parking_init(struct bsock_parking *parking);
void bsock_parking_close(struct bsock_parking *parking);

/* Is a further connection of this owner (a uid, or a stranger) within the
 * limits? */
bool bsock_parking_empty(const struct bsock_parking *parking);
bool bsock_parking_admits(struct bsock_parking *parking, int64_t owner);

/*
 * Take a place for the connection, which is the parking's from then on.
 * Returns false, and it stays the caller's, when the limits are reached.
 * Safe in any thread; wakes the parker.
 */
bool bsock_parking_enter(struct bsock_parking *parking, int64_t owner,
    const struct bsock_parking_place *place);

/* The parker only: give a place up; the connection is the caller's again. */
void bsock_parking_leave(struct bsock_parking *parking, unsigned i);

/* The main thread only: the next STATUS request (its place, or -1), and its
 * being answered. */
int bsock_parking_next_status(struct bsock_parking *parking);
void bsock_parking_answered(struct bsock_parking *parking, unsigned i);

/*
 * The parker only: fill polls (room for all places and one more: the first
 * is the wake pipe) and numbers (places) with what is to be polled; returns
 * how many there are, and in *timeout (ms, -1) when to look again in any
 * case.
 */
unsigned bsock_parking_polls(struct bsock_parking *parking,
    struct pollfd *polls, uint16_t *numbers, int *timeout);

/* Has the peer read all that was sent to it, or hung up? */
bool bsock_parking_is_read(int conn);

/* When the request of a connection accepted at that time is overdue. */
struct timespec bsock_parking_deadline(const struct timespec *since);

void bsock_parking_wake(struct bsock_parking *parking);

#endif
