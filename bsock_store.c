/*
 * bsock_store - reserved addresses in the service manager's store
 *
 * Names tell what a descriptor is, since nothing else comes back:
 *	bsock-guard-SERIAL
 *	bsock-kept-SERIAL-UID-GID-KIND-ID	who claimed it, by which rule
 *	bsock-holder-SERIAL-PID-SERIAL2		the claimant of that kept one
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_hold.h"
#include "bsock_sdnotify.h"
#include "bsock_store.h"

/* --- into the store ---------------------------------------------------- */

/* What is stored becomes fd under that name; serial 0: nothing. */
static bool
sync_part(struct bsock_resvaddr *r, enum bsock_resvaddr_part part,
    uint64_t serial, int fd, const char *name)
{
	if (r->stored[part] == serial)
		return true;
	if (r->stored[part] != 0 && bsock_sdnotify_forget(r->names[part]) != 0)
		return false;
	r->stored[part] = 0;
	r->names[part][0] = '\0';
	if (serial == 0 || fd < 0)
		return true;
	if (bsock_sdnotify_store(fd, name) != 0)
		return false;
	r->stored[part] = serial;
	(void)snprintf(r->names[part], sizeof(r->names[part]), "%s", name);
	return true;
}

static bool
sync_guard(struct bsock_resvaddr *r)
{
	char name[BSOCK_RESVADDR_NAME_SIZE];

	(void)snprintf(
	    name, sizeof(name), "bsock-guard-%" PRIu64, r->guard_serial);
	return sync_part(
	    r, BSOCK_RESVADDR_GUARD, r->guard_serial, r->guard, name);
}

/* Where there is no guard, a socket is kept before any claim: of nobody. */
static bool
sync_kept(struct bsock_resvaddr *r)
{
	const struct bsock_keeper *keep = &r->keep;
	char name[BSOCK_RESVADDR_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "bsock-kept-%" PRIu64 "-%u-%u-%d-%u",
	    keep->socket_serial, (unsigned)keep->peer.uid,
	    (unsigned)keep->peer.gid, keep->claimed ? (int)keep->who.kind : 9,
	    keep->who.id);
	/* The same socket, claimed by another rule, has another name. */
	if (r->stored[BSOCK_RESVADDR_KEPT] != 0 &&
	    strcmp(name, r->names[BSOCK_RESVADDR_KEPT]) != 0 &&
	    !sync_part(r, BSOCK_RESVADDR_KEPT, 0, -1, ""))
		return false;
	return sync_part(
	    r, BSOCK_RESVADDR_KEPT, keep->socket_serial, keep->fd, name);
}

static bool
sync_holder(struct bsock_resvaddr *r)
{
	const struct bsock_keeper *keep = &r->keep;
	uint64_t serial = keep->process >= 0 ? keep->claim_serial : 0;
	char name[BSOCK_RESVADDR_NAME_SIZE];

	(void)snprintf(name, sizeof(name),
	    "bsock-holder-%" PRIu64 "-%ld-%" PRIu64, keep->socket_serial,
	    (long)keep->peer.pid, keep->claim_serial);
	return sync_part(
	    r, BSOCK_RESVADDR_PROCESS, serial, keep->process, name);
}

/* The main thread's. */
static bool stale;

void
bsock_store_look_again(void)
{
	stale = true;
}

bool
bsock_resvaddr_store(const struct bsock_resvaddr_set *set)
{
	bool whole = true;

	if (!stale || !bsock_sdnotify_active())
		return false;
	for (size_t i = 0; i < bsock_resvaddr_set_count(set); i++) {
		struct bsock_resvaddr *r = bsock_resvaddr_set_at(set, i);

		(void)pthread_mutex_lock(&r->lock);
		whole =
		    sync_guard(r) && sync_kept(r) && sync_holder(r) && whole;
		(void)pthread_mutex_unlock(&r->lock);
	}
	stale = !whole;
	return stale;
}

void
bsock_resvaddr_want_changes(void)
{
	bsock_keeper_want_nudges();
}

void
bsock_store_forget(struct bsock_resvaddr *r)
{
	for (int part = 0; part < BSOCK_RESVADDR_PARTS; part++)
		(void)sync_part(r, part, 0, -1, "");
}

/* --- out of it --------------------------------------------------------- */

/* The next number of a name, with what follows it; 0 when there is none. */
static uint64_t
next_number(const char **p)
{
	uint64_t n = 0;

	if (**p == '-')
		(*p)++;
	for (; **p >= '0' && **p <= '9' && n < UINT64_MAX / 100; (*p)++)
		n = n * 10 + (uint64_t)(**p - '0');
	return n;
}

static bool
begins(const char **name, const char *with)
{
	size_t len = strlen(with);

	if (strncmp(*name, with, len) != 0)
		return false;
	*name += len;
	return true;
}

uint64_t
bsock_store_serial(const char *name)
{
	return begins(&name, "bsock-kept-") ? next_number(&name) : 0;
}

struct list {
	struct bsock_resvaddr_saved *saved;
	uint64_t *serials; /* of the kept sockets */
	size_t count;
};

static struct bsock_resvaddr_saved *
entry_of(struct list *list, const struct bsock_addr *key)
{
	struct bsock_resvaddr_saved *s;

	for (size_t i = 0; i < list->count; i++)
		if (bsock_addr_equal(&list->saved[i].addr, key))
			return &list->saved[i];
	s = &list->saved[list->count++];
	s->addr = *key;
	for (int part = 0; part < BSOCK_RESVADDR_PARTS; part++)
		s->fds[part] = -1;
	return s;
}

/* Into its place, unless there is one already. */
static bool
put_part(struct bsock_resvaddr_saved *s, enum bsock_resvaddr_part part,
    size_t i, const char *name)
{
	if (s->fds[part] >= 0 || strlen(name) >= sizeof(s->names[part]))
		return false;
	s->fds[part] = bsock_sdnotify_take(i);
	memcpy(s->names[part], name, strlen(name) + 1);
	return s->fds[part] >= 0;
}

static void
take_socket(struct list *list, size_t i, int fd)
{
	const char *name = bsock_sdnotify_name(i), *p = name;
	struct bsock_resvaddr_saved *s;
	struct bsock_addr key;
	uint64_t kind;

	if (!bsock_bound_key_of(fd, &key))
		return;
	if (begins(&p, "bsock-guard-"))
		(void)put_part(
		    entry_of(list, &key), BSOCK_RESVADDR_GUARD, i, name);
	else if (begins(&p, "bsock-kept-")) {
		s = entry_of(list, &key);
		if (!put_part(s, BSOCK_RESVADDR_KEPT, i, name))
			return;
		list->serials[s - list->saved] = next_number(&p);
		s->peer.uid = (uid_t)next_number(&p);
		s->peer.gid = (gid_t)next_number(&p);
		kind = next_number(&p);
		s->claimed = kind <= BSOCK_AUTHZ_GID;
		s->who.kind =
		    kind == BSOCK_AUTHZ_GID ? BSOCK_AUTHZ_GID : BSOCK_AUTHZ_UID;
		s->who.id = (uint32_t)next_number(&p);
		s->listened = bsock_bound_listening(fd);
		s->loose = true; /* not known */
	}
}

static void
take_holder(struct list *list, size_t i)
{
	const char *name = bsock_sdnotify_name(i), *p = name;
	uint64_t serial;

	if (!begins(&p, "bsock-holder-"))
		return;
	serial = next_number(&p);
	for (size_t k = 0; k < list->count; k++)
		if (serial != 0 && list->serials[k] == serial &&
		    put_part(&list->saved[k], BSOCK_RESVADDR_PROCESS, i, name))
			list->saved[k].peer.pid = (pid_t)next_number(&p);
}

struct bsock_resvaddr_saved *
bsock_resvaddr_stored(size_t *n)
{
	size_t count = bsock_sdnotify_count();
	struct list list = {
	    .saved = calloc(count + 1, sizeof(*list.saved)),
	    .serials = calloc(count + 1, sizeof(*list.serials)),
	};

	if (list.saved == NULL || list.serials == NULL)
		count = 0;
	for (size_t i = 0; i < count; i++)
		take_socket(&list, i, bsock_sdnotify_fd(i));
	for (size_t i = 0; i < count; i++)
		take_holder(&list, i);
	free(list.serials);
	*n = list.count;
	return list.saved;
}
