/*
 * bsock_resvaddr - addresses that the daemon holds: guard, kept socket, claim
 *
 * A reserved address is taken before anybody else can have it.  On Linux a
 * guard socket (bound, never listening, never handed out) keeps everybody
 * else off; a claim gets a socket that the daemon bound beside it and of
 * which it keeps a copy, so that the queue outlives the service.  Elsewhere
 * one bound socket is both.  NOTES says why this is so.
 *
 * Sets are made and retired by the main thread.  A claim may come from any
 * thread: each address has a lock of its own, under which nothing waits for
 * anybody.
 */
#ifndef BSOCK_RESVADDR_H
#define BSOCK_RESVADDR_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bsock_addr.h"
#include "bsock_authz.h"
#include "bsock_fdpass.h"

/* One line of etc/bsock.resvaddr; addr is in key form (bsock_addr_key). */
struct bsock_resvaddr_line {
	struct bsock_addr addr;
	unsigned line;
};

/* One reserved address; lives across reloads while its line is there. */
struct bsock_resvaddr;

/* Immutable look-up table of them, part of a config snapshot. */
struct bsock_resvaddr_set;

/*
 * Main thread only.  Build the set for these lines.  Entries that old (may
 * be NULL) has too are shared, new ones are taken (what cannot be taken is
 * logged and retried), nothing is released yet.  Returns NULL and errno when
 * memory runs out; then nothing has changed.
 */
struct bsock_resvaddr_set *bsock_resvaddr_set_make(
    const struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_line *lines, size_t n);

/* Says whether that rule still allows uid the address. */
typedef bool bsock_resvaddr_allowed(void *ctx,
    const struct bsock_authz_principal *who, const struct bsock_addr *key);

/*
 * Main thread only, once no request can see old any more: release what next
 * (NULL: nothing) does not have, put out the holders whose rule is gone, and
 * free old (may be NULL).
 */
void bsock_resvaddr_set_retire(struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_set *next, bsock_resvaddr_allowed *allowed,
    void *ctx);

/* The request path, any thread, no lock. */
struct bsock_resvaddr *bsock_resvaddr_find(
    const struct bsock_resvaddr_set *set, const struct bsock_addr *key);

struct bsock_resvaddr_claim {
	const struct bsock_addr *addr; /* as asked, not the key */
	struct bsock_peer peer;
	struct bsock_authz_principal who; /* the rule that allows it */
	int conn; /* the request's connection: SO_PEERPIDFD is asked of it */
	int fd;   /* the client's socket, already checked, or -1 */
	bool rebind;
};

/*
 * Get a descriptor for the client, *out, which the caller sends and closes.
 * *kept says whether the daemon keeps a copy (BSOCK_WIRE_RESERVED).  Returns
 * 0 or an errno value.  Allocates nothing, waits for nobody.
 */
int bsock_resvaddr_claim(struct bsock_resvaddr *r,
    const struct bsock_resvaddr_claim *claim, int *out, bool *kept);

/*
 * The main loop polls the descriptor for POLLIN (-1: there is none) and
 * calls watch() when it is ready or the timeout (milliseconds, -1: none) is
 * over: holders that are gone, listeners that were shut down, addresses that
 * could not be taken yet.
 */
int bsock_resvaddr_watch_fd(void);
int bsock_resvaddr_timeout(const struct bsock_resvaddr_set *set);
void bsock_resvaddr_watch(const struct bsock_resvaddr_set *set);

/* For status, the fd store and re-exec, and ports to skip. */
enum bsock_resvaddr_state {
	BSOCK_RESVADDR_UNTAKEN, /* somebody else has it; retried */
	BSOCK_RESVADDR_GUARDED, /* taken, never claimed */
	BSOCK_RESVADDR_HELD,    /* claimed, not listening */
	BSOCK_RESVADDR_LISTENING,
	BSOCK_RESVADDR_GONE, /* kept, its claimant is no more */
};

struct bsock_resvaddr_info {
	struct bsock_addr addr;
	unsigned line;
	enum bsock_resvaddr_state state;
	unsigned queue, limit;  /* of a listening socket */
	uint64_t inode;         /* of the kept socket; 0: there is none */
	bool claimed;           /* by peer, whose pid may not be known (0) */
	struct bsock_peer peer; /* the last claimant */
	struct bsock_authz_principal who;
	uint64_t claims; /* that this daemon has seen */
	bool listened;   /* has been seen in LISTEN */
};

size_t bsock_resvaddr_set_count(const struct bsock_resvaddr_set *set);
struct bsock_resvaddr *bsock_resvaddr_set_at(
    const struct bsock_resvaddr_set *set, size_t i);
void bsock_resvaddr_info(
    struct bsock_resvaddr *r, struct bsock_resvaddr_info *info);

/* The descriptors that make up a reserved address. */
enum bsock_resvaddr_part {
	BSOCK_RESVADDR_GUARD,
	BSOCK_RESVADDR_KEPT,
	BSOCK_RESVADDR_PROCESS, /* pidfd of the claimant */
	BSOCK_RESVADDR_PARTS
};

#define BSOCK_RESVADDR_NAME_SIZE 96

/*
 * What one daemon hands to the next, by re-exec or through the service
 * manager's store.
 */
struct bsock_resvaddr_saved {
	struct bsock_addr addr;        /* the key */
	int fds[BSOCK_RESVADDR_PARTS]; /* -1: none */
	/* Under which name it is in the manager's store; "": it is not. */
	char names[BSOCK_RESVADDR_PARTS][BSOCK_RESVADDR_NAME_SIZE];
	bool claimed;
	bool listened;
	bool loose; /* more sockets than that may be with the claimant */
	uint64_t claims;
	struct bsock_peer peer;
	struct bsock_authz_principal who;
};

/* The descriptors stay the address's. */
void bsock_resvaddr_save(
    struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved);

/*
 * Main thread: the next bsock_resvaddr_set_make() takes these addresses over
 * instead of taking them anew, as far as they are what they say, and closes
 * every descriptor that is left.  saved must live until then.
 */
void bsock_resvaddr_adopt(struct bsock_resvaddr_saved *saved, size_t n);

/* Main thread, before there are others: wake it for each change that
 * bsock_resvaddr_store() is to see. */
void bsock_resvaddr_want_changes(void);

/*
 * Main thread: put into the service manager's store what has changed since
 * the last call.  Returns true when the manager did not take it all: to be
 * called again soon.
 */
bool bsock_resvaddr_store(const struct bsock_resvaddr_set *set);

/* What the manager's store gave back at the start: malloc'ed, the caller's;
 * NULL when there is nothing. */
struct bsock_resvaddr_saved *bsock_resvaddr_stored(size_t *n);

#endif
