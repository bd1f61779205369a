/*
 * bsock_store - reserved addresses in the service manager's store
 *
 * Implements bsock_resvaddr_store() and bsock_resvaddr_stored().
 */
#ifndef BSOCK_STORE_H
#define BSOCK_STORE_H

#include "bsock_resvaddr.h"

/* Main thread: something may have changed since the last store. */
void bsock_store_look_again(void);

/* Main thread: take an address that is about to be freed out of the store. */
void bsock_store_forget(struct bsock_resvaddr *r);

/* The serial number (bsock_keeper_serial()) in the name of a kept socket; 0
 * when there is none.  Any thread. */
uint64_t bsock_store_serial(const char *name);

#endif
