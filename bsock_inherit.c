/*
 * bsock_inherit - reserved addresses pass from one daemon to the next
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_inherit.h"

#include <string.h>

#include "bsock_hold.h"
#include "bsock_sdnotify.h"
#include "bsock_store.h"

/* What an earlier daemon left; the main thread's. */
static struct bsock_resvaddr_saved *inherited;
static size_t ninherited;

/* --- handing over ------------------------------------------------------ */

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

/* --- taking over ------------------------------------------------------- */

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
	    (bsock_hold_is_path(r) &&
		bsock_unixpath_identify(&r->key, &r->file) != 0))
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

static void
adopt(struct bsock_resvaddr *r, struct bsock_resvaddr_saved *saved)
{
	adopt_guard(r, saved);
	adopt_kept(r, saved);
}

void
bsock_resvaddr_adopt(struct bsock_resvaddr_saved *saved, size_t n)
{
	inherited = saved;
	ninherited = n;
}

void
bsock_inherit_take(struct bsock_resvaddr *r)
{
	for (size_t i = 0; i < ninherited; i++)
		if (bsock_addr_equal(&inherited[i].addr, &r->key)) {
			adopt(r, &inherited[i]);
			return;
		}
}

/* What no line asks for any more. */
static void
drop_rest(struct bsock_resvaddr_saved *saved)
{
	for (int part = 0; part < BSOCK_RESVADDR_PARTS; part++) {
		if (saved->fds[part] < 0)
			continue;
		bsock_bound_close(&saved->fds[part]);
		if (saved->names[part][0] != '\0')
			(void)bsock_sdnotify_forget(saved->names[part]);
	}
}

void
bsock_inherit_close_rest(void)
{
	for (size_t i = 0; i < ninherited; i++)
		drop_rest(&inherited[i]);
	inherited = NULL;
	ninherited = 0;
}
