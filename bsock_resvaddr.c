/*
 * bsock_resvaddr - addresses that the daemon holds: guard, kept socket, claim
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_resvaddr.h"

#include <stdlib.h>
#include <string.h>

#include "bsock_clock.h"
#include "bsock_compat.h"
#include "bsock_hold.h"
#include "bsock_inherit.h"
#include "bsock_log.h"
#include "bsock_store.h"

/* Milliseconds between looks where the kernel does not tell. */
#define BLIND_PAUSE 1000

struct bsock_resvaddr_set {
	size_t count;
	size_t mask; /* of index, a power of two minus one */
	struct bsock_resvaddr **entries;
	uint32_t *index; /* 0: empty, else number of the entry + 1 */
};

/* --- the main thread looks after an address ---------------------------- */

/* When the earliest entry of any set is due; the main thread's. */
static int64_t next_due;

static void
schedule(struct bsock_resvaddr *r, int pause)
{
	r->due = pause > 0 ? bsock_clock_now() + pause : 0;
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
		    text, bsock_compat_strerror(error));
	else if (error != r->reported && r->reported > 0)
		bsock_log(LOG_NOTICE, "reserved \"%s\" at last", text);
	if (exposed && !r->warned)
		bsock_log(LOG_WARNING,
		    "reserved \"%s\" with SO_REUSEADDR, since connections of "
		    "an earlier server linger: another user may have bound it "
		    "too at that moment",
		    text);
	r->reported = error;
	r->warned = exposed;
}

static void
look(struct bsock_resvaddr *r)
{
	int pause = bsock_hold_look(r), error;
	bool exposed;

	bsock_store_look_again();
	(void)pthread_mutex_lock(&r->lock);
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

	if (!HAVE_GUARD && bsock_resvaddr_set_count(set) > 0)
		return BLIND_PAUSE;
	if (next_due == 0)
		return -1;
	left = next_due - bsock_clock_now();
	return left < 0 ? 0 : (int)left;
}

static void
look_at_due(const struct bsock_resvaddr_set *set)
{
	int64_t now = bsock_clock_now();

	if (HAVE_GUARD && (next_due == 0 || now < next_due))
		return;
	next_due = 0;
	for (size_t i = 0; i < set->count; i++) {
		struct bsock_resvaddr *r = set->entries[i];

		if (!HAVE_GUARD || (r->due != 0 && r->due <= now))
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

	if (n > 0)
		bsock_store_look_again();
	for (size_t i = 0; i < n; i++)
		if (owners[i] != NULL)
			look(owners[i]);
	if (set != NULL)
		look_at_due(set);
}

/* --- sets -------------------------------------------------------------- */

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
			r = bsock_hold_new(key);
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
prepare(const struct bsock_resvaddr_set *set, struct bsock_resvaddr *r)
{
	(void)pthread_mutex_lock(&r->lock);
	if (!bsock_hold_is_taken(r)) {
		r->form.addr = r->key;
		r->form.v6only = v6only_of(set, &r->key);
		r->form.device = (int)r->key.scope;
		bsock_inherit_take(r);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

/* Wildcards first: a guard must find them free, one address can join. */
static void
set_take(struct bsock_resvaddr_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		prepare(set, set->entries[i]);
	for (int wildcards = 1; wildcards >= 0; wildcards--)
		for (size_t i = 0; i < set->count; i++) {
			struct bsock_resvaddr *r = set->entries[i];

			if (bsock_addr_is_wildcard(&r->key) == wildcards)
				look(r);
		}
}

struct bsock_resvaddr_set *
bsock_resvaddr_set_make(const struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_line *lines, size_t n)
{
	struct bsock_resvaddr_set *set = set_new(n);

	(void)bsock_keeper_watch_fd();
	bsock_unixpath_start();
	if (set == NULL)
		return NULL;
	if (set_fill(set, old, lines, n) != 0) {
		bsock_resvaddr_set_retire(set, old, NULL, NULL);
		errno = ENOMEM;
		return NULL;
	}
	set_take(set);
	bsock_inherit_close_rest();
	return set;
}

void
bsock_resvaddr_set_retire(struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_set *next, bsock_resvaddr_allowed *allowed,
    void *ctx)
{
	for (size_t i = 0; old != NULL && i < old->count; i++) {
		struct bsock_resvaddr *r = old->entries[i];

		if (bsock_resvaddr_find(next, &r->key) != r) {
			bsock_store_forget(r);
			bsock_hold_free(r);
		} else if (allowed != NULL)
			bsock_hold_withdraw(r, allowed, ctx);
	}
	bsock_store_look_again();
	set_free(old);
}

/* --- what others want to know ------------------------------------------ */

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
