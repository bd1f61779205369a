/*
 * bsock_hold - one reserved address: taken, looked after, let go
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_hold.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_guard.h"
#include "bsock_inuse.h"
#include "bsock_mend.h"

#define RETRY_PAUSE 1000 /* milliseconds, for what could not be taken */

bool
bsock_hold_is_path(const struct bsock_resvaddr *r)
{
	return r->key.family == AF_UNIX && r->key.path[0] != '\0';
}

bool
bsock_hold_is_stream(const struct bsock_resvaddr *r)
{
	return r->guarded && r->key.socktype == SOCK_STREAM;
}

/* --- taking it --------------------------------------------------------- */

bool
bsock_hold_is_taken(const struct bsock_resvaddr *r)
{
	return r->guarded ? r->guard >= 0 : r->keep.fd >= 0;
}

/*
 * A datagram address must be free, or one that only sockets of ours overlap:
 * then a guard can join them.
 */
static int
take_guard(struct bsock_resvaddr *r, bool patient)
{
	int error = bsock_guard_take(&r->form, &r->guard, &r->exposed);

	if (error == EADDRINUSE && r->key.socktype == SOCK_DGRAM && patient &&
	    !bsock_inuse(&r->key))
		error = bsock_guard_join(&r->form, &r->guard);
	if (error == 0) {
		r->guard_serial = bsock_keeper_serial();
		r->hidden = false;
	}
	return error;
}

static int
take_path(struct bsock_resvaddr *r)
{
	int fd = bsock_compat_socket(AF_UNIX, (int)r->key.socktype, 0);
	int error;

	if (fd < 0)
		return errno;
	error = bsock_unixpath_take(fd, &r->key, &r->file);
	if (error == 0)
		bsock_keeper_keep(&r->keep, fd);
	else
		(void)close(fd);
	return error;
}

/* Where there are no guards, what is kept is taken before any claim. */
static int
take_alone(struct bsock_resvaddr *r)
{
	int fd = -1;
	int error = bsock_bound_make(&r->form, 0, &fd);

	r->exposed = false;
	if (error == EADDRINUSE && r->key.family != AF_UNIX) {
		error = bsock_bound_make(&r->form, BSOCK_BOUND_REUSEADDR, &fd);
		r->exposed = error == 0;
	}
	if (error == 0)
		bsock_keeper_keep(&r->keep, fd);
	return error;
}

int
bsock_hold_take(struct bsock_resvaddr *r, bool patient)
{
	if (r->guarded)
		r->error = take_guard(r, patient);
	else if (bsock_hold_is_path(r))
		r->error = take_path(r);
	else
		r->error = take_alone(r);
	return r->error;
}

/* --- letting go -------------------------------------------------------- */

void
bsock_hold_drop(struct bsock_resvaddr *r)
{
	if (r->keep.fd >= 0 && bsock_hold_is_path(r))
		bsock_unixpath_release(&r->key, &r->file);
	bsock_keeper_drop(&r->keep);
}

/*
 * What is kept belongs to another user.  A stream socket is made useless to
 * them, and a path gets a new socket; a datagram socket, or one where there
 * is no guard to keep them off, goes with its claimant.
 */
int
bsock_hold_put_out(struct bsock_resvaddr *r)
{
	bool out = bsock_hold_is_path(r);

	if (bsock_hold_is_stream(r))
		out = bsock_mend_evict(r->keep.fd, r->keep.peer.uid);
	else if (!out)
		out = bsock_keeper_is_gone(&r->keep);
	if (!out)
		return EADDRINUSE;
	/* A claimant's children can have it still. */
	if (r->guarded && !bsock_hold_is_stream(r))
		r->loose = true;
	bsock_hold_drop(r);
	return 0;
}

struct bsock_resvaddr *
bsock_hold_new(const struct bsock_addr *key)
{
	struct bsock_resvaddr *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->key = *key;
	r->guarded = bsock_guard_serves(key);
	r->guard = -1;
	r->reported = -1;
	bsock_keeper_init(&r->keep);
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

void
bsock_hold_free(struct bsock_resvaddr *r)
{
	bsock_hold_drop(r);
	bsock_bound_close(&r->guard);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- the main thread --------------------------------------------------- */

static int
look(struct bsock_resvaddr *r)
{
	int pause = 0;

	if (!bsock_hold_is_taken(r) && bsock_hold_take(r, true) != 0)
		return RETRY_PAUSE;
	if (r->guarded && !bsock_hold_is_stream(r) && !r->hidden) {
		r->hidden = bsock_guard_retreat(&r->key, r->guard);
		return r->hidden ? 0 : RETRY_PAUSE;
	}
	if (r->keep.fd >= 0 && r->keep.claimed && bsock_hold_is_stream(r)) {
		bsock_keeper_look(&r->keep);
		pause = r->keep.pause;
	}
	return pause;
}

int
bsock_hold_look(struct bsock_resvaddr *r)
{
	int pause;

	(void)pthread_mutex_lock(&r->lock);
	pause = look(r);
	(void)pthread_mutex_unlock(&r->lock);
	return pause;
}

void
bsock_hold_withdraw(
    struct bsock_resvaddr *r, bsock_resvaddr_allowed *allowed, void *ctx)
{
	(void)pthread_mutex_lock(&r->lock);
	if (r->keep.fd >= 0 && r->keep.claimed &&
	    !allowed(ctx, &r->keep.who, &r->key))
		(void)bsock_hold_put_out(r);
	(void)pthread_mutex_unlock(&r->lock);
}

static enum bsock_resvaddr_state
state_of(struct bsock_resvaddr *r)
{
	if (!bsock_hold_is_taken(r))
		return BSOCK_RESVADDR_UNTAKEN;
	if (r->keep.fd < 0 || !r->keep.claimed)
		return BSOCK_RESVADDR_GUARDED;
	if (bsock_keeper_is_gone(&r->keep))
		return BSOCK_RESVADDR_GONE;
	if (bsock_bound_listening(r->keep.fd))
		return BSOCK_RESVADDR_LISTENING;
	return BSOCK_RESVADDR_HELD;
}

void
bsock_resvaddr_info(struct bsock_resvaddr *r, struct bsock_resvaddr_info *info)
{
	struct stat st;

	memset(info, 0, sizeof(*info));
	info->addr = r->key;
	info->line = r->line;
	(void)pthread_mutex_lock(&r->lock);
	info->state = state_of(r);
	info->peer = r->keep.peer;
	info->who = r->keep.who;
	info->claims = r->keep.claims;
	/* A service manager's store tells who, but not how often. */
	info->claimed = r->keep.claimed || r->keep.claims > 0;
	info->listened = r->keep.listened;
	if (r->keep.fd >= 0 && fstat(r->keep.fd, &st) == 0)
		info->inode = st.st_ino;
	if (r->keep.fd >= 0 && bsock_hold_is_stream(r) &&
	    bsock_bound_listening(r->keep.fd))
		bsock_bound_queue(r->keep.fd, &info->queue, &info->limit);
	(void)pthread_mutex_unlock(&r->lock);
}
