/*
 * bsock_inherit - reserved addresses pass from one daemon to the next
 *
 * Implements bsock_resvaddr_save() and bsock_resvaddr_adopt(): what is handed
 * over is believed as far as the kernel says the same of it.  All functions
 * are the main thread's.
 */
#ifndef BSOCK_INHERIT_H
#define BSOCK_INHERIT_H

#include "bsock_resvaddr.h"

/*
 * Under the lock of r, which is not taken: if an earlier daemon held the
 * address, what it left becomes r's as far as it is what it says.
 */
void bsock_inherit_take(struct bsock_resvaddr *r);

/* Close what no line asks for any more, and have the service manager forget
 * it too. */
void bsock_inherit_close_rest(void);

#endif
