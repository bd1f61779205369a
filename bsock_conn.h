/*
 * bsock_conn - one connection in a serving thread
 *
 * From its credentials to its answer and its end, or to its parking when it
 * has nothing to say yet or has not read its descriptor.
 */
#ifndef BSOCK_CONN_H
#define BSOCK_CONN_H

#include "bsock_pool.h"

/* Who has just come in over conn; bsock_conn_handle() asks for the
 * credentials. */
struct bsock_caller bsock_conn_caller(struct bsock_thread *thread, int conn);

/* A new connection; it is closed or parked here. */
void bsock_conn_handle(
    struct bsock_thread *thread, struct bsock_caller *caller);

/* Reads what has come and serves it (flags as of recvmsg(2)); false when
 * nothing has, and the connection is still the caller's. */
bool bsock_conn_receive(
    struct bsock_thread *thread, struct bsock_caller *caller, int flags);

/* The answer to a request that did not come, and the end. */
void bsock_conn_refuse(struct bsock_thread *thread, struct bsock_caller *caller,
    int error, enum bsock_reason reason);

#endif
