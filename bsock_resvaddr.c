/*
 * bsock_resvaddr - addresses that the daemon holds: guard, kept socket, claim
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_resvaddr.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_guard.h"
#include "bsock_keeper.h"
#include "bsock_log.h"

#define RETRY_PAUSE 1000 /* milliseconds, for what could not be taken */

/*
 * A program that binds its listeners one by one, each with SO_REUSEPORT,
 * does so in one go; the same process later is a reload, and wants the
 * socket with the queue.
 */
#define BURST 1000 /* milliseconds */

struct bsock_resvaddr {
	struct bsock_addr key; /* never changes */
	bool guarded;          /* bsock_guard_serves(&key) */

	/* The main thread's. */
	unsigned line;
	bool listed;   /* in the set that is being made */
	int reported;  /* the errno value that the log knows; -1: none */
	int64_t due;   /* when to look again; 0: no need */
	bool exposure; /* has been logged */

	pthread_mutex_t lock; /* for what follows; nothing waits under it */
	int guard;
	struct bsock_guard_form form; /* of the guard, or of what is kept */
	bool exposed;                 /* was taken with SO_REUSEADDR */
	bool siblings; /* sockets without a copy here have been given out */
	int error;     /* why the address is not taken */
	struct bsock_keeper keep;
};

struct bsock_resvaddr_set {
	size_t count;
	size_t mask; /* of index, a power of two minus one */
	struct bsock_resvaddr **entries;
	uint32_t *index; /* 0: empty, else number of the entry + 1 */
};

/* --- one address ---------------------------------------------------------- */

static bool
is_stream(const struct bsock_resvaddr *r)
{
	return r->key.socktype == SOCK_STREAM;
}

static bool
is_taken(const struct bsock_resvaddr *r)
{
	return r->guarded ? r->guard >= 0 : r->keep.fd >= 0;
}

static int
take_guard(struct bsock_resvaddr *r)
{
	return bsock_guard_take(&r->form, &r->guard, &r->exposed);
}

/* Where there are no guards, what is kept is taken before any claim. */
static int
take_alone(struct bsock_resvaddr *r)
{
	int fd = -1;
	int error = bsock_guard_alone(&r->form, false, &fd);

	r->exposed = false;
	if (error == EADDRINUSE && r->key.family != AF_UNIX) {
		error = bsock_guard_alone(&r->form, true, &fd);
		r->exposed = error == 0;
	}
	if (error == 0)
		bsock_keeper_keep(&r->keep, fd);
	return error;
}

static int
take(struct bsock_resvaddr *r)
{
	r->error = r->guarded ? take_guard(r) : take_alone(r);
	return r->error;
}

static struct bsock_resvaddr *
entry_new(const struct bsock_addr *key)
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

static void
entry_free(struct bsock_resvaddr *r)
{
	bsock_keeper_drop(&r->keep);
	bsock_guard_close(&r->guard);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- a claim -------------------------------------------------------------- */

/*
 * What is kept belongs to another user.  A stream socket is made useless to
 * them; of a datagram socket, of sockets without a copy here, and where there
 * is no guard to keep them off, only their end frees the address.
 */
static int
put_out(struct bsock_resvaddr *r)
{
	bool gone = bsock_keeper_is_gone(&r->keep);

	if (r->siblings)
		return EADDRINUSE;
	if (r->guarded && is_stream(r)) {
		if (!bsock_guard_evict(r->keep.fd, r->keep.peer.uid) && !gone)
			return EADDRINUSE;
	} else if (!gone)
		return EADDRINUSE;
	bsock_keeper_drop(&r->keep);
	return 0;
}

/* What is kept becomes fit for this claim, or is dropped. */
static int
make_ready(struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim,
    const struct bsock_guard_form *form)
{
	struct bsock_keeper *keep = &r->keep;

	if (keep->fd < 0)
		return 0;
	if (keep->claimed && keep->peer.uid != claim->peer.uid)
		return put_out(r);
	if (claim->rebind || !bsock_guard_matches(keep->fd, form) ||
	    !bsock_guard_mend(keep->fd, &r->key, keep->listened))
		bsock_keeper_drop(keep);
	return 0;
}

/* The guard of a datagram address takes the form of the socket beside it. */
static int
fit_guard(struct bsock_resvaddr *r, const struct bsock_guard_form *form)
{
	if (!bsock_guard_fits(&r->form, form)) {
		int guard = -1;
		int error = bsock_guard_join(form, &guard);

		if (error != 0)
			return error;
		bsock_guard_close(&r->guard);
		r->guard = guard;
		r->form = *form;
	}
	if (!is_stream(r))
		bsock_guard_retreat(&r->key, r->guard);
	return 0;
}

static int
make_kept(struct bsock_resvaddr *r, struct bsock_guard_form *form)
{
	int fd = -1, error;

	if (form->v6only < 0)
		form->v6only = r->form.v6only;
	if (!r->guarded) {
		r->form = *form;
		return take(r);
	}
	error = fit_guard(r, form);
	if (error == 0)
		error = bsock_guard_service(form, &fd);
	if (error == 0)
		bsock_keeper_keep(&r->keep, fd);
	return error;
}

/* A per-worker listener of a process that holds the address already. */
static bool
wants_sibling(
    struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim)
{
	return r->guarded && is_stream(r) && r->keep.fd >= 0 &&
	       bsock_guard_shares(claim->fd) &&
	       bsock_keeper_is_claimant(&r->keep, &claim->peer) &&
	       bsock_keeper_now() - r->keep.latest < BURST;
}

static int
give_sibling(
    struct bsock_resvaddr *r, const struct bsock_guard_form *form, int *out)
{
	int error = bsock_guard_service(form, out);

	if (error == 0) {
		r->siblings = true;
		r->keep.latest = bsock_keeper_now();
		r->keep.claims++;
	}
	return error;
}

static int
give_kept(struct bsock_resvaddr *r, const struct bsock_resvaddr_claim *claim,
    int *out)
{
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
	struct bsock_guard_form form;
	int error;

	if (!is_taken(r) && take(r) != 0)
		return r->error;
	bsock_guard_form_of(&form, claim->addr, claim->fd);
	error = make_ready(r, claim, &form);
	if (error != 0)
		return error;
	if (!claim->rebind && wants_sibling(r, claim))
		return give_sibling(r, &form, out);
	if (r->keep.fd < 0)
		error = make_kept(r, &form);
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

/* --- the main thread looks after an address ------------------------------- */

/* When the earliest entry of any set is due; the main thread's. */
static int64_t next_due;

static void
schedule(struct bsock_resvaddr *r, int pause)
{
	r->due = pause > 0 ? bsock_keeper_now() + pause : 0;
	if (r->due != 0 && (next_due == 0 || r->due < next_due))
		next_due = r->due;
}

static void
report(struct bsock_resvaddr *r, int error, bool exposed)
{
	char text[BSOCK_ADDR_STRLEN];

	(void)bsock_addr_format(&r->key, text, sizeof(text));
	if (error != r->reported && error != 0)
		bsock_log(LOG_ERR,
		    "cannot reserve \"%s\": %s; it is tried again every second",
		    text, strerror(error));
	else if (error != r->reported && r->reported > 0)
		bsock_log(LOG_NOTICE, "reserved \"%s\" at last", text);
	if (exposed && !r->exposure)
		bsock_log(LOG_WARNING,
		    "reserved \"%s\" with SO_REUSEADDR, since connections of "
		    "an earlier server linger: another user may have bound it "
		    "too at that moment",
		    text);
	r->reported = error;
	r->exposure = exposed;
}

static void
look(struct bsock_resvaddr *r)
{
	int pause = 0, error;
	bool exposed;

	(void)pthread_mutex_lock(&r->lock);
	if (!is_taken(r) && take(r) != 0)
		pause = RETRY_PAUSE;
	else if (r->keep.fd >= 0 && r->keep.claimed && is_stream(r)) {
		bsock_keeper_look(&r->keep);
		pause = r->keep.pause;
	}
	error = r->error;
	exposed = r->exposed;
	(void)pthread_mutex_unlock(&r->lock);
	report(r, error, exposed);
	schedule(r, pause);
}

int
bsock_resvaddr_watch_fd(void)
{
	return bsock_keeper_watch_fd();
}

int
bsock_resvaddr_timeout(const struct bsock_resvaddr_set *set)
{
	int64_t left;

	(void)set;
	if (next_due == 0)
		return -1;
	left = next_due - bsock_keeper_now();
	return left < 0 ? 0 : (int)left;
}

static void
look_at_due(const struct bsock_resvaddr_set *set)
{
	int64_t now = bsock_keeper_now();

	if (next_due == 0 || now < next_due)
		return;
	next_due = 0;
	for (size_t i = 0; i < set->count; i++) {
		struct bsock_resvaddr *r = set->entries[i];

		if (r->due != 0 && r->due <= now)
			look(r);
		else if (r->due != 0 && (next_due == 0 || r->due < next_due))
			next_due = r->due;
	}
}

void
bsock_resvaddr_watch(const struct bsock_resvaddr_set *set)
{
	void *owners[64];
	size_t n = bsock_keeper_ready(owners, sizeof(owners) / sizeof(*owners));

	for (size_t i = 0; i < n; i++)
		look(owners[i]);
	if (set != NULL)
		look_at_due(set);
}

/* --- sets ----------------------------------------------------------------- */

static uint32_t *
slot_of(const struct bsock_resvaddr_set *set, const struct bsock_addr *key)
{
	size_t i = bsock_addr_hash(key, 0) & set->mask;

	while (set->index[i] != 0 &&
	       !bsock_addr_equal(&set->entries[set->index[i] - 1]->key, key))
		i = (i + 1) & set->mask;
	return &set->index[i];
}

struct bsock_resvaddr *
bsock_resvaddr_find(
    const struct bsock_resvaddr_set *set, const struct bsock_addr *key)
{
	uint32_t n;

	if (set == NULL || set->count == 0)
		return NULL;
	n = *slot_of(set, key);
	return n == 0 ? NULL : set->entries[n - 1];
}

static void
set_free(struct bsock_resvaddr_set *set)
{
	if (set == NULL)
		return;
	free(set->entries);
	free(set->index);
	free(set);
}

static struct bsock_resvaddr_set *
set_new(size_t n)
{
	struct bsock_resvaddr_set *set = calloc(1, sizeof(*set));
	size_t size = 2;

	if (set == NULL || n > UINT32_MAX / 4)
		goto out;
	while (size < n * 2)
		size *= 2;
	set->mask = size - 1;
	set->entries = calloc(n + 1, sizeof(struct bsock_resvaddr *));
	set->index = calloc(size, sizeof(*set->index));
	if (set->entries != NULL && set->index != NULL)
		return set;
out:
	set_free(set);
	errno = ENOMEM;
	return NULL;
}

static void
set_add(struct bsock_resvaddr_set *set, struct bsock_resvaddr *r)
{
	*slot_of(set, &r->key) = (uint32_t)set->count + 1;
	set->entries[set->count++] = r;
}

/* Entries for all lines, shared with old or new; -1 when memory is out. */
static int
set_fill(struct bsock_resvaddr_set *set, const struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct bsock_addr *key = &lines[i].addr;
		struct bsock_resvaddr *r;

		if (bsock_resvaddr_find(set, key) != NULL)
			continue;
		r = bsock_resvaddr_find(old, key);
		if (r == NULL)
			r = entry_new(key);
		if (r == NULL)
			return -1;
		r->line = lines[i].line;
		set_add(set, r);
	}
	return 0;
}

/*
 * IPv6 too, unless it is the wildcard and that of IPv4 is listed: then the
 * two stand side by side.
 */
static int
v6only_of(const struct bsock_resvaddr_set *set, const struct bsock_addr *key)
{
	struct bsock_addr twin = *key;

	if (key->family != AF_INET6 || !bsock_addr_is_wildcard(key))
		return -1;
	twin.family = AF_INET;
	return bsock_resvaddr_find(set, &twin) != NULL;
}

static void
set_take(struct bsock_resvaddr_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct bsock_resvaddr *r = set->entries[i];

		(void)pthread_mutex_lock(&r->lock);
		if (!is_taken(r)) {
			r->form.addr = r->key;
			r->form.v6only = v6only_of(set, &r->key);
			r->form.device = (int)r->key.scope;
		}
		(void)pthread_mutex_unlock(&r->lock);
		look(r);
	}
}

struct bsock_resvaddr_set *
bsock_resvaddr_set_make(const struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_line *lines, size_t n)
{
	struct bsock_resvaddr_set *set = set_new(n);

	(void)bsock_keeper_watch_fd();
	if (set == NULL)
		return NULL;
	if (set_fill(set, old, lines, n) != 0) {
		bsock_resvaddr_set_retire(set, old, NULL, NULL);
		errno = ENOMEM;
		return NULL;
	}
	set_take(set);
	return set;
}

/* The rule that the holder was granted it by is gone: put them out. */
static void
withdraw(struct bsock_resvaddr *r, bsock_resvaddr_allowed *allowed, void *ctx)
{
	(void)pthread_mutex_lock(&r->lock);
	if (r->keep.fd >= 0 && r->keep.claimed &&
	    !allowed(ctx, &r->keep.who, &r->key))
		(void)put_out(r);
	(void)pthread_mutex_unlock(&r->lock);
}

void
bsock_resvaddr_set_retire(struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_set *next, bsock_resvaddr_allowed *allowed,
    void *ctx)
{
	for (size_t i = 0; old != NULL && i < old->count; i++) {
		struct bsock_resvaddr *r = old->entries[i];

		if (bsock_resvaddr_find(next, &r->key) != r)
			entry_free(r);
		else if (allowed != NULL)
			withdraw(r, allowed, ctx);
	}
	set_free(old);
}

/* --- what others want to know --------------------------------------------- */

size_t
bsock_resvaddr_set_count(const struct bsock_resvaddr_set *set)
{
	return set == NULL ? 0 : set->count;
}

struct bsock_resvaddr *
bsock_resvaddr_set_at(const struct bsock_resvaddr_set *set, size_t i)
{
	return set->entries[i];
}

static enum bsock_resvaddr_state
state_of(struct bsock_resvaddr *r)
{
	if (!is_taken(r))
		return BSOCK_RESVADDR_UNTAKEN;
	if (r->keep.fd < 0 || !r->keep.claimed)
		return BSOCK_RESVADDR_GUARDED;
	if (bsock_keeper_is_gone(&r->keep))
		return BSOCK_RESVADDR_GONE;
	if (is_stream(r) && bsock_guard_listening(r->keep.fd))
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
	    bsock_guard_listening(r->keep.fd))
		bsock_guard_queue(r->keep.fd, &info->queue, &info->limit);
	(void)pthread_mutex_unlock(&r->lock);
}
