/*
 * bsock_run_keeper - the process between bsock-run and its command
 *
 *	bsock-run (the shell's child) -> keeper -> command -> ...
 *
 * The keeper is parent and subreaper: it stays an ancestor of everything
 * that the command leaves behind, which is what Yama asks of somebody who
 * wants to look into a process, and it ends when the last descendant has.
 * bsock-run (bsock_run_front) ends when the command does.
 */
#ifndef BSOCK_RUN_KEEPER_H
#define BSOCK_RUN_KEEPER_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>

#include "bsock_supervise.h"

#define BSOCK_RUN_FAILED 125 /* exit status: bsock-run itself failed */

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

/* From the keeper to bsock-run, with the command's pidfd at first. */
struct bsock_run_keeper_news {
	bool changed;     /* status is the command's wait status */
	bool left_behind; /* it has ended, something of it goes on */
	int status;
};

/* What the command's signals were before bsock-run touched them. */
struct bsock_run_keeper_signals {
	sigset_t mask;
	struct sigaction chld;
};

/*
 * In a child of bsock-run's, with all signals blocked: be the keeper, and
 * give the command the signals that are in old.  News go over the socket
 * status, which becomes ours.  Does not return.
 */
void bsock_run_keeper_be(const struct bsock_run_keeper *k, int status,
    const struct bsock_run_keeper_signals *old) __attribute__((noreturn));

#endif
