/*
 * bsock_state - what one daemon hands to the next
 *
 * At a re-exec (SIGUSR2) every descriptor stays open, and a sealed memfd says
 * which is which; the environment variable BSOCK_STATE is its number.  The
 * contents are text, one thing a line, and are believed no more than a
 * client's request.  For the one thread that is there before others begin,
 * or after they have ended.
 */
#ifndef BSOCK_STATE_H
#define BSOCK_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "bsock_resvaddr.h"

struct bsock_state {
	int control;        /* the daemon's own socket, or -1 */
	int lock;           /* of its lock file, or -1 */
	bool control_given; /* came by LISTEN_FDS: not ours to unlink */
	struct bsock_resvaddr_saved *saved;
	size_t nsaved;
};

/*
 * Write the state and let its descriptors survive the exec; BSOCK_STATE is
 * set.  Returns the descriptor of the memfd, or -1 and errno.
 */
int bsock_state_save(const struct bsock_state *state);

/* The exec has failed: close-on-exec again, and no BSOCK_STATE. */
void bsock_state_undo(int fd, const struct bsock_state *state);

/*
 * Was this process started by a re-exec?  Reads the state, takes its
 * descriptors over (close-on-exec) and returns true; saved is malloc'ed and
 * the caller's.  Whatever is not whole and exact is refused: false, with
 * *why (NULL where there is simply no state).
 */
bool bsock_state_load(struct bsock_state *state, const char **why);

#endif
