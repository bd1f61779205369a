/*
 * bsock_bound - a socket bound to one address: made, recognised, closed
 *
 * What a guard, a kept socket and the one socket where there are no guards
 * have in common.  No state, nothing waits; descriptors stay the caller's.
 * Safe in any thread.
 */
#ifndef BSOCK_BOUND_H
#define BSOCK_BOUND_H

#include <stdbool.h>

#include "bsock_addr.h"

/*
 * What distinguishes sockets on one reserved address: a kept socket can only
 * take the place of a client's when all of it is the same.
 */
struct bsock_bound_form {
	struct bsock_addr addr; /* as the client says it, not the key */
	int v6only;             /* 0, 1; -1: whatever it is */
	int device;             /* interface index it is bound to; 0: none */
};

/* The form that the client's socket fd (or -1: none) asks for. */
void bsock_bound_form_of(
    struct bsock_bound_form *form, const struct bsock_addr *addr, int fd);

/* Has the kept socket that form, so that a claimant can have it? */
bool bsock_bound_matches(int kept, const struct bsock_bound_form *form);

/* The key (bsock_addr_key) of the address that fd is bound to.  False: none,
 * or of no kind that can be reserved. */
bool bsock_bound_key_of(int fd, struct bsock_addr *key);

/*
 * Is fd a socket of that kind, on that port (or unix name)?  Its address is
 * not compared: a holder may have connected it.
 */
bool bsock_bound_belongs(int fd, const struct bsock_addr *key);

/* Is it in LISTEN? */
bool bsock_bound_listening(int fd);

/* Does socket fd (or -1) share its port: SO_REUSEPORT?  Where there are no
 * guards nobody does. */
bool bsock_bound_shares(int fd);

/* Connections in the queue of a listening TCP socket, and their limit; 0
 * where it cannot be found out. */
void bsock_bound_queue(int fd, unsigned *queue, unsigned *limit);

/* An unbound socket of that form, close-on-exec; -1 and errno of socket(2)
 * or setsockopt(2). */
int bsock_bound_socket(const struct bsock_bound_form *form);

/* bind(2), whether the address is there yet or not.  0 or an errno value. */
int bsock_bound_bind(int fd, const struct bsock_addr *addr);

/* Options that are set before the bind. */
#define BSOCK_BOUND_REUSEADDR 1u
#define BSOCK_BOUND_REUSEPORT 2u

/* A socket of that form, bound, to *fd, which only success changes.  0 or
 * the errno value of what failed. */
int bsock_bound_make(
    const struct bsock_bound_form *form, unsigned flags, int *fd);

/* With the longest queue that the system allows.  0 or an errno value. */
int bsock_bound_listen(int fd);

/* connect(2) with AF_UNSPEC: no peer any more. */
bool bsock_bound_disconnect(int fd);

/* close(2) that never lingers, if *fd is one; it is -1 then. */
void bsock_bound_close(int *fd);

/* An int option; otherwise where the system does not know it. */
int bsock_bound_get(int fd, int level, int name, int otherwise);

/* 0, or -1 and errno of setsockopt(2). */
int bsock_bound_set(int fd, int level, int name, int value);

#endif
