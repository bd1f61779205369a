/*
 * socket_binder_pool - the connections of bsock-socket-binder, and the
 * threads that serve them
 *
 * One thread (main) accepts and waits for all clients; a client that has sent
 * something is handed to one of a fixed number of threads, which asks bsock.
 * So neither a client that says nothing nor a slow answer stands in the way
 * of others.
 */
#ifndef SOCKET_BINDER_POOL_H
#define SOCKET_BINDER_POOL_H

/*
 * Start the threads; all signals stay blocked in them.  descriptors: how
 * many this process may have.  Returns 0, or -1 and errno.
 */
int socket_binder_pool_start(unsigned descriptors);

/*
 * Serve connections of the (non-blocking) listener, in the main thread, until
 * socket_binder_pool_end() was called, and then until the requests in hand
 * are answered; nobody can connect any more then.  Writes out the log's queue.
 * To be followed by exit(3).
 */
void socket_binder_pool_run(int listener);

/* To be called by a signal handler. */
void socket_binder_pool_end(void);

#endif
