/*
 * bsock_run_fds - who goes on in the background holds nothing of its caller's
 *
 * Whoever waits for the end of a pipe must not wait for the processes that
 * bsock-run leaves behind.  For a process with one thread, on Linux.
 */
#ifndef BSOCK_RUN_FDS_H
#define BSOCK_RUN_FDS_H

#include <stddef.h>

/* Make from to to (both at most 2) /dev/null. */
void bsock_run_fds_let_go(int from, int to);

/* Close everything above 2 but *fds[0] to *fds[n - 1], which are above 2 or
 * -1; they get new numbers, from 3 on, and are close-on-exec. */
void bsock_run_fds_keep_only(int *fds[], size_t n);

#endif
