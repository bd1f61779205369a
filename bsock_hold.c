/*
 * bsock_hold - one reserved address: taken, claimed, looked after
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_hold.h"

#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_guard.h"
#include "bsock_inuse.h"
#include "bsock_mend.h"
#include "bsock_store.h"

#define RETRY_PAUSE 1000 /* milliseconds, for what could not be taken */

/*
 * A program that binds its listeners one by one, each with SO_REUSEPORT,
 * does so in one go; the same process later is a reload, and wants the
 * socket with the queue.
 */
#define BURST 1000 /* milliseconds */

static bool
is_path(const struct bsock_resvaddr *r)
{
	return r->key.family == AF_UNIX && r->key.path[0] != '\0';
}

/* TCP: what a guard stands beside, can be put out and put back. */
static bool
is_stream(const struct bsock_resvaddr *r)
{
	return r->guarded && r->key.socktype == SOCK_STREAM;
}

/* --- taking and letting go --------------------------------------------- */

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
	else if (is_path(r))
		r->error = take_path(r);
	else
		r->error = take_alone(r);
	return r->error;
}

/* What is kept goes; a path with it, so that a fresh socket can have it. */
static void
drop(struct bsock_resvaddr *r)
{
	if (r->keep.fd >= 0 && is_path(r))
		bsock_unixpath_release(&r->key, &r->file);
	bsock_keeper_drop(&r->keep);
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
	drop(r);
	bsock_bound_close(&r->guard);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- a claim ----------------------------------------------------------- */

/*
 * What is kept belongs to another user.  A stream socket is made useless to
 * them, and a path gets a new socket; a datagram socket, or one where there
 * is no guard to keep them off, goes with its claimant.
 */
static int
put_out(struct bsock_resvaddr *r)
{
	bool out = is_path(r);

	if (is_stream(r))
		out = bsock_mend_evict(r->keep.fd, r->keep.peer.uid);
	else if (!out)
		out = bsock_keeper_is_gone(&r->keep);
	if (!out)
		return EADDRINUSE;
	/* A claimant's children can have it still. */
	if (r->guarded && !is_stream(r))
		r->loose = true;
	drop(r);
	return 0;
}

/* What is kept is of no use for this claim; its holder may still have it. */
static void
let_go(struct bsock_resvaddr *r)
{
	if (r->guarded && r->keep.claimed)
		r->loose = true;
	drop(r);
}

/* What is kept becomes fit for this claim, or is dropped. */
static int
make_ready(struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim,
    const struct bsock_bound_form *form)
{
	struct bsock_keeper *keep = &r->keep;

	if (keep->fd < 0)
		return 0;
	if (keep->claimed && keep->peer.uid != claim->peer.uid)
		return put_out(r);
	if (claim->rebind || !bsock_bound_matches(keep->fd, form) ||
	    !bsock_mend_kept(keep->fd, &r->key, keep->listened))
		let_go(r);
	return 0;
}

/*
 * Sockets of another user may be left on the address: they would take their
 * share of what the new one should get.
 */
static bool
is_free_for(struct bsock_resvaddr *r, uid_t uid)
{
	if (!r->loose || uid == r->keep.peer.uid)
		return true;
	r->loose = !bsock_guard_is_lonely(&r->guard, &r->form);
	return !r->loose;
}

static int
make_kept(struct bsock_resvaddr *r, struct bsock_bound_form *form, uid_t uid)
{
	int fd = -1, guard = r->guard, error = EADDRINUSE;

	if (form->v6only < 0)
		form->v6only = r->form.v6only;
	if (!r->guarded) {
		r->form = *form;
		return bsock_hold_take(r, false);
	}
	if (is_free_for(r, uid))
		error = bsock_guard_service(form, &r->guard, &fd);
	if (r->guard != guard)
		r->guard_serial = bsock_keeper_serial();
	if (error == 0)
		bsock_keeper_keep(&r->keep, fd);
	return error;
}

/* A per-worker listener of a process that holds the address already. */
static bool
wants_sibling(
    struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim)
{
	return is_stream(r) && r->keep.fd >= 0 &&
	       bsock_bound_shares(claim->fd) &&
	       bsock_keeper_is_claimant(&r->keep, &claim->peer) &&
	       bsock_keeper_now() - r->keep.latest < BURST;
}

static int
give_sibling(
    struct bsock_resvaddr *r, const struct bsock_bound_form *form, int *out)
{
	int error = bsock_guard_service(form, &r->guard, out);

	if (error == 0) {
		r->loose = true;
		r->keep.latest = bsock_keeper_now();
		r->keep.claims++;
	}
	return error;
}

static int
give_kept(struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim,
    int *out)
{
	int error = is_path(r)
			? bsock_unixpath_give(&r->key, &r->file, &claim->peer)
			: 0;

	if (error != 0)
		return error;
	*out = fcntl(r->keep.fd, F_DUPFD_CLOEXEC, 0);
	if (*out < 0)
		return errno;
	bsock_keeper_claimed(
	    &r->keep, &claim->peer, &claim->who, claim->conn, r);
	return 0;
}

static int
claim_locked(struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim,
    int *out, bool *kept)
{
	struct bsock_bound_form form;
	int error;

	if (!bsock_hold_is_taken(r) && bsock_hold_take(r, false) != 0)
		return r->error;
	bsock_bound_form_of(&form, claim->addr, claim->fd);
	error = make_ready(r, claim, &form);
	if (error != 0)
		return error;
	if (!claim->rebind && wants_sibling(r, claim))
		return give_sibling(r, &form, out);
	if (r->keep.fd < 0)
		error = make_kept(r, &form, claim->peer.uid);
	if (error == 0)
		error = give_kept(r, claim, out);
	*kept = error == 0;
	return error;
}

int
bsock_resvaddr_claim(struct bsock_resvaddr *r,
    const struct bsock_resvaddr_claim *claim, int *out, bool *kept)
{
	int error;

	*out = -1;
	*kept = false;
	(void)pthread_mutex_lock(&r->lock);
	error = claim_locked(r, claim, out, kept);
	(void)pthread_mutex_unlock(&r->lock);
	return error;
}

/* --- the main thread --------------------------------------------------- */

static int
look(struct bsock_resvaddr *r)
{
	int pause = 0;

	if (!bsock_hold_is_taken(r) && bsock_hold_take(r, true) != 0)
		return RETRY_PAUSE;
	if (r->guarded && !is_stream(r) && !r->hidden) {
		r->hidden = bsock_guard_retreat(&r->key, r->guard);
		return r->hidden ? 0 : RETRY_PAUSE;
	}
	if (r->keep.fd >= 0 && r->keep.claimed && is_stream(r)) {
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
		(void)put_out(r);
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
	memset(info, 0, sizeof(*info));
	info->addr = r->key;
	info->line = r->line;
	(void)pthread_mutex_lock(&r->lock);
	info->state = state_of(r);
	info->peer = r->keep.peer;
	info->who = r->keep.who;
	info->claims = r->keep.claims;
	info->listened = r->keep.listened;
	if (r->keep.fd >= 0 && is_stream(r) &&
	    bsock_bound_listening(r->keep.fd))
		bsock_bound_queue(r->keep.fd, &info->queue, &info->limit);
	(void)pthread_mutex_unlock(&r->lock);
}

/* --- from one daemon to the next --------------------------------------- */

void
bsock_resvaddr_save(
    struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved)
{
	memset(saved, 0, sizeof(*saved));
	saved->addr = r->key;
	(void)pthread_mutex_lock(&r->lock);
	saved->fds[BSOCK_RESVADDR_GUARD] = r->guard;
	saved->fds[BSOCK_RESVADDR_KEPT] = r->keep.fd;
	saved->fds[BSOCK_RESVADDR_PROCESS] = r->keep.process;
	saved->claimed = r->keep.claimed;
	saved->listened = r->keep.listened;
	saved->loose = r->loose;
	saved->claims = r->keep.claims;
	saved->peer = r->keep.peer;
	saved->who = r->keep.who;
	(void)pthread_mutex_unlock(&r->lock);
	memcpy(saved->names, r->names, sizeof(saved->names));
}

/* A descriptor and its name in the store change hands. */
static int
adopt_part(struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved,
    enum bsock_resvaddr_part part, uint64_t serial)
{
	int fd = saved->fds[part];

	saved->fds[part] = -1;
	memcpy(r->names[part], saved->names[part], sizeof(r->names[part]));
	r->stored[part] = saved->names[part][0] != '\0' ? serial : 0;
	return fd;
}

static void
adopt_guard(struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved)
{
	int fd = saved->fds[BSOCK_RESVADDR_GUARD];

	if (fd < 0 || !r->guarded || !bsock_bound_belongs(fd, &r->key) ||
	    !bsock_bound_shares(fd) || bsock_bound_listening(fd))
		return;
	r->guard_serial = bsock_keeper_serial();
	r->guard = adopt_part(r, saved, BSOCK_RESVADDR_GUARD, r->guard_serial);
	bsock_bound_form_of(&r->form, &r->key, r->guard);
}

/* A kept socket needs its guard, or the address itself is at stake. */
static void
adopt_kept(struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved)
{
	struct bsock_keeper *keep = &r->keep;
	int fd = saved->fds[BSOCK_RESVADDR_KEPT];
	uint64_t serial;

	if (fd < 0 || (r->guarded && r->guard < 0) ||
	    !bsock_bound_belongs(fd, &r->key) ||
	    (is_path(r) && bsock_unixpath_identify(&r->key, &r->file) != 0))
		return;
	bsock_keeper_keep(keep, fd);
	/* The names of later holders refer to the one it is stored under. */
	serial = bsock_store_serial(saved->names[BSOCK_RESVADDR_KEPT]);
	if (serial != 0)
		keep->socket_serial = serial;
	(void)adopt_part(r, saved, BSOCK_RESVADDR_KEPT, keep->socket_serial);
	keep->claimed = saved->claimed;
	keep->listened = saved->listened;
	keep->claims = saved->claims;
	keep->peer = saved->peer;
	keep->who = saved->who;
	r->loose = saved->loose;
	if (!keep->claimed)
		return;
	bsock_keeper_adopt(keep, saved->fds[BSOCK_RESVADDR_PROCESS], r);
	(void)adopt_part(r, saved, BSOCK_RESVADDR_PROCESS, keep->claim_serial);
	/* One that had ended before is not watched by the next daemon. */
	if (keep->process < 0)
		keep->gone = true;
}

void
bsock_hold_adopt(struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved)
{
	adopt_guard(r, saved);
	adopt_kept(r, saved);
}
