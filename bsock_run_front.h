/*
 * bsock_run_front - bsock-run itself, while its command runs
 *
 * It ends when the command does, in the same way, so that a shell gets its
 * prompt back from a command that daemonises; until then it stops when the
 * command stops and passes on the signals that it gets.
 */
#ifndef BSOCK_RUN_FRONT_H
#define BSOCK_RUN_FRONT_H

#include "bsock_run_keeper.h"

/*
 * Run the command, below a keeper.  Returns its exit status, 125 when it
 * could not be started; when the command died of a signal so does the caller.
 * To be called with one thread.
 */
int bsock_run_front(const struct bsock_run_keeper *keeper);

#endif
