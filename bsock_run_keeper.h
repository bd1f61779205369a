/*
 * bsock_run_keeper - the process between bsock-run and its command
 *
 *	bsock-run (the shell's child) -> keeper -> command -> ...
 *
 * The keeper is parent and subreaper: it stays an ancestor of everything
 * that the command leaves behind, which is what Yama asks of somebody who
 * wants to look into a process, and it ends when the last descendant has.
 * bsock-run itself ends when the command does, in the same way, so that a
 * shell gets its prompt back from a command that daemonises; until then it
 * stops when the command stops and passes on the signals that it gets.
 * It, and the keeper once the command has ended, hold no descriptor of
 * their caller's: whoever waits for the end of a pipe waits for the command.
 */
#ifndef BSOCK_RUN_KEEPER_H
#define BSOCK_RUN_KEEPER_H

#include <sys/types.h>

#include "bsock_supervise.h"

struct bsock_run_keeper {
	/* Becomes the command; does not return. */
	void (*exec)(void *ctx);
	void *ctx;
	/* The supervisor's options without its listener; NULL: none. */
	const struct bsock_supervise *supervise;
	/* The private broker's end of a socket, or -1: it is told the
	 * keeper's pid and sees the socket close when that ends. */
	int broker;
	pid_t broker_pid; /* a child of the caller's; 0: there is none */
};

/*
 * Run the command.  Returns its exit status, 125 when it could not be
 * started; when the command died of a signal so does the caller.  To be
 * called with one thread.
 */
int bsock_run_keeper_start(const struct bsock_run_keeper *keeper);

#endif
