/*
 * bsock_signals - what wakes the main thread
 *
 * Signals stay blocked in every thread; main lets its own in while it waits,
 * so that one which comes before is kept and none interrupts anything else.
 * Other threads wake main with a byte.
 *
 * SIGHUP asks for a reload, SIGUSR2 for a re-exec, SIGTERM and SIGINT for the
 * end.  All functions are the main thread's; the descriptor may be written
 * to by any.
 */
#ifndef BSOCK_SIGNALS_H
#define BSOCK_SIGNALS_H

#include <stdbool.h>

enum bsock_signals_request {
	BSOCK_SIGNALS_RELOAD,
	BSOCK_SIGNALS_UPGRADE,
	BSOCK_SIGNALS_END,
	BSOCK_SIGNALS_REQUESTS
};

/* Block all signals, in this thread and in those that it makes. */
void bsock_signals_block(void);

/*
 * From now on signals are noted, and SIGPIPE is ignored.  Once, after
 * bsock_signals_block().  Returns 0, or -1 and errno of pipe(2).
 */
int bsock_signals_catch(void);

/* A byte that is written here ends bsock_signals_wait(); non-blocking, and
 * stays ours. */
int bsock_signals_wake_fd(void);

/*
 * Wait for a signal, a byte, something to read from fd (-1: none), or
 * timeout milliseconds (-1: no limit).
 */
void bsock_signals_wait(int fd, int timeout);

/* Was that asked for since it was last cleared? */
bool bsock_signals_pending(enum bsock_signals_request request);
void bsock_signals_clear(enum bsock_signals_request request);

#endif
