/*
 * bsock_inuse - is there a datagram socket on an address?
 *
 * Reads /proc/net: for the main thread, and where the answer only decides
 * when to try again.  Without /proc the answer is yes.
 */
#ifndef BSOCK_INUSE_H
#define BSOCK_INUSE_H

#include <stdbool.h>

#include "bsock_addr.h"

/*
 * Is a datagram socket bound to exactly this address (a look-up key, AF_INET
 * or AF_INET6)?
 */
bool bsock_inuse(const struct bsock_addr *key);

#endif
