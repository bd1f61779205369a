/*
 * bsock_socket - one socket for one request
 *
 * Functions that can fail return an errno value, 0 for success: it goes
 * into the reply.  Any thread; nothing is allocated, opened or waited for,
 * and descriptors that are passed in stay the caller's.
 */
#ifndef BSOCK_SOCKET_H
#define BSOCK_SOCKET_H

#include <sys/types.h>

#include <stdint.h>

#include "bsock_addr.h"

/*
 * Is the client's descriptor a socket of exactly this family, type and
 * protocol?  The kernel is asked, not the client.  0, ENOTSOCK or EINVAL.
 * Whether it is bound already is for bind(2) to say (EINVAL).
 */
int bsock_socket_check(int fd, const struct bsock_addr *addr);

/*
 * The same question where bind(2) will not be asked, because the client is
 * to get another socket: 0, or EINVAL when fd is bound or connected.
 */
int bsock_socket_check_unbound(int fd, const struct bsock_addr *addr);

/* A socket for a client that sent none, close-on-exec, owned by uid and gid;
 * *fd is the caller's. */
int bsock_socket_make(
    const struct bsock_addr *addr, uid_t uid, gid_t gid, int *fd);

/* Set SO_REUSEADDR on it. */
int bsock_socket_reuse(int fd);

/* bind(2), to an address rebuilt from its fields. */
int bsock_socket_bind(int fd, const struct bsock_addr *addr);

/* The network namespace of a socket, or of the client of an accepted unix
 * connection; 0 where the system does not tell. */
uint64_t bsock_socket_netns(int fd);

#endif
