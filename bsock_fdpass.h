/*
 * bsock_fdpass - messages over a unix socket with at most one descriptor
 *
 * However many descriptors a peer attaches, at most one is ever installed
 * here; the kernel drops the rest (unix(7), "Ancillary messages").
 */
#ifndef BSOCK_FDPASS_H
#define BSOCK_FDPASS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Who is at the other end, as the kernel recorded it at connect(2). */
struct bsock_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* for the log only: it may be somebody else's by now */
};

/*
 * One recvmsg(2).  Returns the number of bytes, 0 at end of stream, -1 and
 * errno.  *fd is the descriptor that came along (close-on-exec, the
 * caller's), or -1.  EMFILE: one came and could not be installed, since this
 * process has too many; the bytes are lost.  flags: MSG_DONTWAIT.
 */
ssize_t bsock_fdpass_recv(int sock, void *buf, size_t size, int *fd, int flags);

/*
 * One sendmsg(2), never SIGPIPE, with fd attached unless it is -1; fd stays
 * the caller's.  Returns the number of bytes sent, or -1 and errno.
 */
ssize_t bsock_fdpass_send(
    int sock, const void *buf, size_t len, int fd, int flags);

/* Returns 0, or -1 and errno. */
int bsock_fdpass_peer(int sock, struct bsock_peer *peer);

/*
 * The peer's supplementary groups; returns how many there are (at most max),
 * or -1 and errno (ERANGE: more than max; ENOSYS: not on this system).
 */
int bsock_fdpass_peer_groups(int sock, gid_t *groups, size_t max);

/*
 * poll(2) that does not wait: what of events, POLLHUP and POLLERR is there
 * now, 0 for nothing, or -1 and errno.  A signal that is pending makes poll(2)
 * fail with EINTR even so: it is asked again.
 */
int bsock_fdpass_look(int fd, short events);

/* Is the peer gone?  One that only half-closed is not. */
bool bsock_fdpass_hung_up(int sock);

/* Deadlines are times of CLOCK_MONOTONIC. */
struct timespec bsock_fdpass_deadline(unsigned milliseconds);
int bsock_fdpass_left(const struct timespec *deadline); /* ms, at least 0 */

/*
 * poll(2) for events until the deadline, through EINTR.  Returns 1 ready,
 * 0 too late, -1 and errno.
 */
int bsock_fdpass_wait(int fd, short events, const struct timespec *deadline);

#endif
