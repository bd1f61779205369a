/*
 * bsock_detach - a command that returns once its daemon serves
 */
#ifndef BSOCK_DETACH_H
#define BSOCK_DETACH_H

/*
 * Fork, in a process with one thread and all signals blocked; where it cannot
 * the process exits with 1.  The parent waits and does not return: it exits
 * with 0 once the child says that it serves, else with 1.  Signals stay blocked
 * in the child and are let in in the parent.  Returns the child's end of a
 * pipe, close-on-exec.
 */
int bsock_detach(void);

/* The child serves: let the parent go, and leave its terminal.  Closes the
 * pipe. */
void bsock_detach_done(int pipe_fd);

#endif
