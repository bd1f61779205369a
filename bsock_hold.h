/*
 * bsock_hold - one reserved address: taken, looked after, let go
 *
 * The inside of bsock_resvaddr: what a set is made of.
 */
#ifndef BSOCK_HOLD_H
#define BSOCK_HOLD_H

#include <pthread.h>

#include "bsock_bound.h"
#include "bsock_keeper.h"
#include "bsock_resvaddr.h"
#include "bsock_unixpath.h"

struct bsock_resvaddr {
	struct bsock_addr key; /* never changes */
	bool guarded;          /* bsock_guard_serves(&key) */

	/* The main thread's. */
	unsigned line;
	int reported; /* the errno value that the log knows; -1: none */
	int64_t due;  /* when to look again; 0: no need */
	bool warned;  /* of the exposure */
	uint64_t stored[BSOCK_RESVADDR_PARTS]; /* serials; 0: not stored */
	char names[BSOCK_RESVADDR_PARTS][BSOCK_RESVADDR_NAME_SIZE];

	pthread_mutex_t lock; /* for what follows; nothing waits under it */
	int guard;
	uint64_t guard_serial;        /* another for each guard; 0: none */
	struct bsock_bound_form form; /* of the guard, or of what is kept */
	bool loose;   /* the last claimant may have sockets of no copy here */
	bool hidden;  /* a datagram guard gets nothing */
	bool exposed; /* was taken with SO_REUSEADDR */
	int error;    /* why the address is not taken */
	struct bsock_unixpath_file file; /* of a unix path */
	struct bsock_keeper keep;
};

/* Not yet taken; NULL and errno when memory is out. */
struct bsock_resvaddr *bsock_hold_new(const struct bsock_addr *key);

/* Released: the address is free, save for what its holder still has. */
void bsock_hold_free(struct bsock_resvaddr *r);

/* A unix path; and TCP, what a guard stands beside, can be put out and put
 * back.  Both never change. */
bool bsock_hold_is_path(const struct bsock_resvaddr *r);
bool bsock_hold_is_stream(const struct bsock_resvaddr *r);

/* Under the lock: is it taken?  Take it (0, or the errno value in r->error);
 * patient: the main thread, which can look closer. */
bool bsock_hold_is_taken(const struct bsock_resvaddr *r);
int bsock_hold_take(struct bsock_resvaddr *r, bool patient);

/* Under the lock: what is kept goes; a path with it, so that a fresh socket
 * can have it. */
void bsock_hold_drop(struct bsock_resvaddr *r);

/* Under the lock: what is kept goes, and its holder, another user, has
 * nothing of it any more.  0, or EADDRINUSE when they cannot be put out. */
int bsock_hold_put_out(struct bsock_resvaddr *r);

/*
 * The main thread: take what is not taken yet, look after what is kept.
 * Returns after how many milliseconds to look again, or 0.
 */
int bsock_hold_look(struct bsock_resvaddr *r);

/* The rule that the holder had it by is gone. */
void bsock_hold_withdraw(
    struct bsock_resvaddr *r, bsock_resvaddr_allowed *allowed, void *ctx);

#endif
