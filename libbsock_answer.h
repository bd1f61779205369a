/*
 * libbsock_answer - what came back, and the caller's socket
 *
 * What bsock sends is looked at before it is taken: another program may
 * listen where bsock should.  Not exported.
 */
#ifndef LIBBSOCK_ANSWER_H
#define LIBBSOCK_ANSWER_H

#include <stdbool.h>

#include "libbsock_ask.h"

/* No errno value: what bsock keeps cannot be made like the caller's socket,
 * ask for a fresh one. */
#define BSOCK_ANSWER_AFRESH (-1)

/*
 * Bound, said bsock, and fd came along (-1: nothing, the caller's own is
 * bound).  With a socket of the caller's, fd takes its number, flags and
 * options; fd itself stays the caller's to close.  Returns 0, an errno value,
 * or BSOCK_ANSWER_AFRESH.
 */
int bsock_answer_take(const struct bsock_ask *ask, int fd);

/* Is the caller's socket bound to what was asked for, although no answer
 * said so? */
bool bsock_answer_unsaid(const struct bsock_ask *ask);

#endif
