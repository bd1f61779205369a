/*
 * bsock_authz - who may have what
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_authz.h"

#include <netinet/in.h>
#include <string.h>

#include "bsock_table.h"

/*
 * Rules are kept packed, 36 bytes each, in the order of their lines: an entry
 * of a table is the number of the line, and what is compared.
 */
struct inet_rule {
	uint32_t line;
	struct inet_key {
		uint32_t id;
		uint32_t scope;
		uint8_t host[16];
		uint16_t port;
		uint16_t protocol;
		uint8_t kind;
		uint8_t family;
		uint8_t socktype;
		uint8_t zero;
	} key;
};

struct unix_rule {
	uint32_t line;
	struct unix_key {
		uint32_t id;
		uint8_t kind;
		uint8_t socktype;
		uint8_t pathlen;
		uint8_t zero;
		char path[108];
	} key;
};

struct bsock_authz {
	struct bsock_table inet;
	struct bsock_table path;
	struct bsock_table_ids ids[2]; /* by bsock_authz_kind */
	uint8_t ports[1024 / 8];
	int64_t low_ports_uid; /* may have them all; -1: nobody */
};

struct bsock_authz *
bsock_authz_new(size_t max)
{
	struct bsock_authz *a = bsock_table_map(sizeof(*a));

	if (a == NULL)
		return NULL;
	a->low_ports_uid = -1;
	if (max == 0)
		max = 1;
	if (bsock_table_init(&a->inet, sizeof(struct inet_rule), max) &&
	    bsock_table_init(&a->path, sizeof(struct unix_rule), max) &&
	    bsock_table_ids_init(&a->ids[BSOCK_AUTHZ_UID], max) &&
	    bsock_table_ids_init(&a->ids[BSOCK_AUTHZ_GID], max))
		return a;
	bsock_authz_free(a);
	return NULL;
}

void
bsock_authz_free(struct bsock_authz *a)
{
	if (a == NULL)
		return;
	bsock_table_release(&a->inet);
	bsock_table_release(&a->path);
	bsock_table_ids_release(&a->ids[BSOCK_AUTHZ_UID]);
	bsock_table_ids_release(&a->ids[BSOCK_AUTHZ_GID]);
	bsock_table_unmap(a, sizeof(*a));
}

static void
inet_key(struct inet_key *k, const struct bsock_authz_principal *who,
    const struct bsock_addr *addr)
{
	memset(k, 0, sizeof(*k));
	k->id = who->id;
	k->kind = (uint8_t)who->kind;
	k->family = (uint8_t)addr->family;
	k->socktype = (uint8_t)addr->socktype;
	k->protocol = (uint16_t)addr->protocol;
	k->port = addr->port;
	k->scope = addr->scope;
	memcpy(k->host, addr->host, sizeof(k->host));
}

static void
unix_key(struct unix_key *k, const struct bsock_authz_principal *who,
    const struct bsock_addr *addr)
{
	memset(k, 0, sizeof(*k));
	k->id = who->id;
	k->kind = (uint8_t)who->kind;
	k->socktype = (uint8_t)addr->socktype;
	k->pathlen = (uint8_t)addr->pathlen;
	memcpy(k->path, addr->path, sizeof(k->path));
}

uint32_t
bsock_authz_add(struct bsock_authz *a, const struct bsock_authz_principal *who,
    const struct bsock_addr *key, uint32_t line)
{
	struct unix_key uk;
	struct inet_key ik;

	bsock_table_ids_add(&a->ids[who->kind], who->id);
	if (key->family == AF_UNIX) {
		unix_key(&uk, who, key);
		return bsock_table_add(&a->path, &uk, line);
	}
	if (key->port < 1024)
		a->ports[key->port / 8] |= (uint8_t)(1u << (key->port % 8));
	inet_key(&ik, who, key);
	return bsock_table_add(&a->inet, &ik, line);
}

uint32_t
bsock_authz_find(const struct bsock_authz *a,
    const struct bsock_authz_principal *who, const struct bsock_addr *key)
{
	struct unix_key uk;
	struct inet_key ik;

	if (key->family == AF_UNIX) {
		unix_key(&uk, who, key);
		return bsock_table_find(&a->path, &uk);
	}
	inet_key(&ik, who, key);
	return bsock_table_find(&a->inet, &ik);
}

static bool
principal_may(const struct bsock_authz *a, enum bsock_authz_kind kind,
    uint32_t id, const struct bsock_addr *key, struct bsock_authz_grant *grant)
{
	grant->who.kind = kind;
	grant->who.id = id;
	grant->line = bsock_authz_find(a, &grant->who, key);
	return grant->line != 0;
}

/* TCP and UDP, any host. */
static bool
is_low_port(const struct bsock_addr *key)
{
	return bsock_addr_is_inet(key) &&
	       (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP) &&
	       key->port > 0 && key->port < IPPORT_RESERVED;
}

void
bsock_authz_add_low_ports(struct bsock_authz *a, uid_t uid)
{
	a->low_ports_uid = (int64_t)uid;
}

bool
bsock_authz_uid_may(const struct bsock_authz *a, uid_t uid,
    const struct bsock_addr *key, struct bsock_authz_grant *grant)
{
	if (principal_may(a, BSOCK_AUTHZ_UID, uid, key, grant))
		return true;
	if (a->low_ports_uid == (int64_t)uid && is_low_port(key))
		return true;
	/* Root can bind it anyway; a path is another matter. */
	return uid == 0 && key->family != AF_UNIX;
}

bool
bsock_authz_groups_may(const struct bsock_authz *a,
    const struct bsock_authz_caller *caller, const struct bsock_addr *key,
    struct bsock_authz_grant *grant)
{
	if (principal_may(a, BSOCK_AUTHZ_GID, caller->gid, key, grant))
		return true;
	for (size_t i = 0; i < caller->ngroups; i++)
		if (principal_may(
			a, BSOCK_AUTHZ_GID, caller->groups[i], key, grant))
			return true;
	return false;
}

bool
bsock_authz_has_groups(const struct bsock_authz *a)
{
	return a->ids[BSOCK_AUTHZ_GID].count != 0;
}

bool
bsock_authz_uid_known(const struct bsock_authz *a, uid_t uid)
{
	return uid == 0 || a->low_ports_uid == (int64_t)uid ||
	       bsock_table_ids_has(&a->ids[BSOCK_AUTHZ_UID], uid);
}

bool
bsock_authz_groups_known(
    const struct bsock_authz *a, const struct bsock_authz_caller *caller)
{
	const struct bsock_table_ids *gids = &a->ids[BSOCK_AUTHZ_GID];

	if (bsock_table_ids_has(gids, caller->gid))
		return true;
	for (size_t i = 0; i < caller->ngroups; i++)
		if (bsock_table_ids_has(gids, caller->groups[i]))
			return true;
	return false;
}

bool
bsock_authz_names_port(const struct bsock_authz *a, uint16_t port)
{
	return port < 1024 && (a->ports[port / 8] >> (port % 8) & 1) != 0;
}

size_t
bsock_authz_count(const struct bsock_authz *a)
{
	return a->inet.count + a->path.count;
}

/* The rule back in the terms of bsock_addr. */
static void
inet_rule_addr(const struct inet_key *k, struct bsock_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = k->family;
	addr->socktype = k->socktype;
	addr->protocol = k->protocol;
	addr->port = k->port;
	addr->scope = k->scope;
	memcpy(addr->host, k->host, sizeof(addr->host));
}

static void
unix_rule_addr(const struct unix_key *k, struct bsock_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = AF_UNIX;
	addr->socktype = k->socktype;
	addr->pathlen = k->pathlen;
	memcpy(addr->path, k->path, sizeof(addr->path));
}

void
bsock_authz_each(const struct bsock_authz *a,
    void (*fn)(void *ctx, const struct bsock_authz_principal *who,
	const struct bsock_addr *key, uint32_t line),
    void *ctx)
{
	struct bsock_authz_principal who;
	struct bsock_addr addr;

	for (size_t i = 0; i < a->inet.count; i++) {
		struct inet_rule r;

		memcpy(&r, bsock_table_entry(&a->inet, i), sizeof(r));
		who.kind = r.key.kind;
		who.id = r.key.id;
		inet_rule_addr(&r.key, &addr);
		fn(ctx, &who, &addr, r.line);
	}
	for (size_t i = 0; i < a->path.count; i++) {
		struct unix_rule r;

		memcpy(&r, bsock_table_entry(&a->path, i), sizeof(r));
		who.kind = r.key.kind;
		who.id = r.key.id;
		unix_rule_addr(&r.key, &addr);
		fn(ctx, &who, &addr, r.line);
	}
}
