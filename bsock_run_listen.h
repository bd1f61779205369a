/*
 * bsock_run_listen - sockets for the command, as a service manager passes
 * them
 *
 * See sd_listen_fds(3): the first is descriptor 3, and the environment says
 * how many there are, for whom, and their names.
 */
#ifndef BSOCK_RUN_LISTEN_H
#define BSOCK_RUN_LISTEN_H

#define BSOCK_RUN_LISTEN_MAX 64

/*
 * Get the socket for [name=]ADDRESS: bound by ourselves where the kernel
 * allows it, else by bsock; a stream socket listens.  Returns 0, or -1 after
 * saying what is wrong.
 */
int bsock_run_listen_add(const char *arg);

/* In the process that executes the command, just before: puts them in their
 * places and sets the environment.  Returns 0, or -1 after saying why. */
int bsock_run_listen_pass(void);

#endif
