/*
 * bsock_parker - the thread that looks after parked connections
 *
 * It serves who speaks at last, refuses who does not in time, and closes what
 * has been read.  At the end those who have sent are served.
 */
#ifndef BSOCK_PARKER_H
#define BSOCK_PARKER_H

#include "bsock_pool.h"

/* The thread; its argument is its struct bsock_thread. */
void *bsock_parker(void *thread);

#endif
