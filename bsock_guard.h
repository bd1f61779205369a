/*
 * bsock_guard - the sockets that hold a reserved address, one call each
 *
 * No state: what is kept, for whom and for how long is decided in
 * bsock_resvaddr.  Functions return 0 or an errno value unless they say
 * otherwise, and never wait.
 */
#ifndef BSOCK_GUARD_H
#define BSOCK_GUARD_H

#include <sys/types.h>

#include <stdbool.h>

#include "bsock_addr.h"

/*
 * What distinguishes sockets on one reserved address: a kept socket can only
 * take the place of a client's when all of it is the same.
 */
struct bsock_guard_form {
	struct bsock_addr addr; /* as the client says it, not the key */
	int v6only;             /* 0, 1; -1: whatever it is */
	int device;             /* interface index it is bound to; 0: none */
};

/* Does a guard hold addresses of this kind (or one socket alone)? */
bool bsock_guard_serves(const struct bsock_addr *key);

/* The form that the client's socket fd (or -1: none) asks for. */
void bsock_guard_form_of(
    struct bsock_guard_form *form, const struct bsock_addr *addr, int fd);

/*
 * Take the address: a guard, bound and never used.  *exposed says whether
 * that needed SO_REUSEADDR.
 */
int bsock_guard_take(
    const struct bsock_guard_form *form, int *guard, bool *exposed);

/*
 * A datagram guard beside other sockets of the daemon, on overlapping
 * addresses.
 */
int bsock_guard_join(const struct bsock_guard_form *form, int *guard);

/*
 * Datagram guards only: see to it that the kernel gives the guard nothing.
 * False: not yet, since the address is not there; to be called again.
 */
bool bsock_guard_retreat(const struct bsock_addr *key, int guard);

/*
 * A socket for the service, bound beside the guard, which is replaced where
 * it would take datagrams from it.
 */
int bsock_guard_service(
    const struct bsock_guard_form *form, int *guard, int *fd);

/*
 * One socket alone, where there are no guards; with reuse, SO_REUSEADDR is
 * set for the bind.
 */
int bsock_guard_alone(const struct bsock_guard_form *form, bool reuse, int *fd);

/*
 * Does no socket but that guard have the address?  Unsure is no:
 * finding out takes CAP_CHOWN.  The guard may be replaced by another.
 */
bool bsock_guard_is_lonely(int *guard, const struct bsock_guard_form *form);

/* Does the client's socket fd (or -1) want to share its port: SO_REUSEPORT? */
bool bsock_guard_shares(int fd);

/* Has the kept socket that form, so that a claimant can have it? */
bool bsock_guard_matches(int kept, const struct bsock_guard_form *form);

/*
 * Undo what a holder may have done to a kept socket; listened: it has been
 * in LISTEN, and is put back there.  Returns false when it cannot be mended.
 */
bool bsock_guard_mend(int kept, const struct bsock_addr *addr, bool listened);

/*
 * Is fd a socket of that kind, on that port (or unix name)?  Its address is
 * not compared: a holder may have connected it.
 */
bool bsock_guard_belongs(int fd, const struct bsock_addr *key);

/* The key of the address that socket fd is bound to; false: of no kind that
 * can be reserved. */
bool bsock_guard_key_of(int fd, struct bsock_addr *key);

bool bsock_guard_listening(int fd);

/* With the longest queue that the system allows. */
int bsock_guard_listen(int fd);

/* Connections in the queue of a listening TCP socket, and their limit. */
void bsock_guard_queue(int fd, unsigned *queue, unsigned *limit);

/*
 * Make a stream socket that uid holds a copy of useless, for good.  Returns
 * false when nothing can.
 */
bool bsock_guard_evict(int kept, uid_t uid);

/* close(2) that never lingers. */
void bsock_guard_close(int *fd);

#endif
