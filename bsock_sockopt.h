/*
 * bsock_sockopt - make one socket indistinguishable from another
 *
 * A claimed reserved address comes as a socket that the daemon made.  Before
 * it takes the number of the program's own descriptor it must carry what the
 * program had set there, and nothing that an earlier holder had set.
 * Used by libbsock, the shim (through libbsock) and bsock-run's supervisor.
 */
#ifndef BSOCK_SOCKOPT_H
#define BSOCK_SOCKOPT_H

/*
 * Make every readable option and the file status flags (fcntl(2) F_SETFL) of
 * to equal to those of from; both stay the caller's.  What the kernel does
 * not let an unprivileged process change is skipped, except where the
 * difference would change what the socket does.  Not copied on purpose:
 * SO_REUSEPORT (the reservation rests on it), buffer sizes that were never
 * set (autotuning), TCP_MAXSEG that was never set.
 * Returns 0, or -1 and errno: EBUSY when to is bound to a device that
 * cannot be cleared without CAP_NET_RAW, so that the caller asks for a fresh
 * socket.
 */
int bsock_sockopt_carry(int from, int to);

#endif
