/*
 * bsock_keeper - the daemon's copy of a claimed socket, and who claimed it
 *
 * A keeper belongs to one reserved address and is used under its lock.  What
 * the kernel reports about the socket and its claimant arrives at one epoll
 * descriptor, which the main thread waits for.
 */
#ifndef BSOCK_KEEPER_H
#define BSOCK_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bsock_authz.h"
#include "bsock_fdpass.h"

struct bsock_keeper {
	int fd;      /* the kept socket, or -1 */
	int process; /* pidfd of the claimant; -1: gone, or not known */
	bool claimed;
	bool gone;      /* the claimant is no more */
	bool listened;  /* the socket has been seen in LISTEN */
	bool raised;    /* its queue is as long as it can be */
	bool watched;   /* is in the epoll set */
	int pause;      /* milliseconds until the next look; 0: no need */
	int64_t latest; /* bsock_clock_now() of the latest claim */
	uint64_t socket_serial; /* another for each socket; 0: none */
	uint64_t claim_serial;  /* another for each claimant; 0: none */
	uint64_t claims;        /* of this address, whatever socket */
	struct bsock_peer peer;
	struct bsock_authz_principal who;
};

/* Nothing kept. */
void bsock_keeper_init(struct bsock_keeper *keeper);

/* Keep fd, which becomes the keeper's. */
void bsock_keeper_keep(struct bsock_keeper *keeper, int fd);

/*
 * A claim of the kept socket was granted to peer, on the connection conn.
 * owner comes back from bsock_keeper_wait().
 */
void bsock_keeper_claimed(struct bsock_keeper *keeper,
    const struct bsock_peer *peer, const struct bsock_authz_principal *who,
    int conn, void *owner);

/* The same, from an earlier daemon; process (or -1) becomes the keeper's. */
void bsock_keeper_adopt(struct bsock_keeper *keeper, int process, void *owner);

/* Has the claimant ended?  True as well where there is none. */
bool bsock_keeper_is_gone(struct bsock_keeper *keeper);

/* Is that peer the process which claimed last, and still runs? */
bool bsock_keeper_is_claimant(
    struct bsock_keeper *keeper, const struct bsock_peer *peer);

/*
 * Look after a kept stream socket: back into LISTEN, a longer queue while
 * nobody accepts.  keeper->pause says when to look again.
 */
void bsock_keeper_look(struct bsock_keeper *keeper);

/* Close what is kept; who claimed it is remembered. */
void bsock_keeper_drop(struct bsock_keeper *keeper);

/* A number that was never given before, not by an earlier daemon either. */
uint64_t bsock_keeper_serial(void);

/* Wake the main thread, if it wants to know of each change. */
void bsock_keeper_nudge(void);
void bsock_keeper_want_nudges(void); /* the main thread, before others */

/*
 * The descriptor to poll for POLLIN, made at the first call (main thread),
 * or -1; and the owners of up to max keepers to look at (NULL: a nudge): their
 * number.
 */
int bsock_keeper_watch_fd(void);
size_t bsock_keeper_ready(void **owners, size_t max);

#endif
