/*
 * bsock_claim - a client obtains a reserved address
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_clock.h"
#include "bsock_compat.h"
#include "bsock_guard.h"
#include "bsock_hold.h"
#include "bsock_mend.h"

/*
 * A program that binds its listeners one by one, each with SO_REUSEPORT,
 * does so in one go; the same process later is a reload, and wants the
 * socket with the queue.
 */
#define BURST 1000 /* milliseconds */

/* What is kept is of no use for this claim; its holder may still have it. */
static void
let_go(struct bsock_resvaddr *r)
{
	if (r->guarded && r->keep.claimed)
		r->loose = true;
	bsock_hold_drop(r);
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
		return bsock_hold_put_out(r);
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
	return bsock_hold_is_stream(r) && r->keep.fd >= 0 &&
	       bsock_bound_shares(claim->fd) &&
	       bsock_keeper_is_claimant(&r->keep, &claim->peer) &&
	       bsock_clock_now() - r->keep.latest < BURST;
}

static int
give_sibling(
    struct bsock_resvaddr *r, const struct bsock_bound_form *form, int *out)
{
	int error = bsock_guard_service(form, &r->guard, out);

	if (error == 0) {
		r->loose = true;
		r->keep.latest = bsock_clock_now();
		r->keep.claims++;
	}
	return error;
}

static int
give_kept(struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim,
    int *out)
{
	int error = bsock_hold_is_path(r)
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
