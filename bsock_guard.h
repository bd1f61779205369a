/*
 * bsock_guard - what keeps everybody else off a reserved address
 *
 * A guard is a socket bound to the address that never listens, receives
 * nothing and is never handed out.  NOTES 7 says why that is enough.  Where
 * a system cannot have guards (bsock_guard_serves() is false for everything)
 * one bound socket is both guard and service.
 *
 * No state: what is held, for whom and for how long is decided in
 * bsock_hold.  Functions return 0 or an errno value unless they say
 * otherwise, and never wait; descriptors that they fill in are the caller's.
 * Safe in any thread, for one guard under the lock of its address.
 */
#ifndef BSOCK_GUARD_H
#define BSOCK_GUARD_H

#include <stdbool.h>

#include "bsock_bound.h"

/* Does a guard hold addresses of this kind (or one socket alone)? */
bool bsock_guard_serves(const struct bsock_addr *key);

/*
 * Take the address: a guard, bound and never used.  *exposed says whether
 * that needed SO_REUSEADDR.
 */
int bsock_guard_take(
    const struct bsock_bound_form *form, int *guard, bool *exposed);

/*
 * A datagram guard beside other sockets of the daemon, on overlapping
 * addresses.
 */
int bsock_guard_join(const struct bsock_bound_form *form, int *guard);

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
    const struct bsock_bound_form *form, int *guard, int *fd);

/*
 * Does no socket but that guard have the address?  Unsure is no:
 * finding out takes CAP_CHOWN.  The guard may be replaced by another.
 */
bool bsock_guard_is_lonely(int *guard, const struct bsock_bound_form *form);

#endif
