#include "bsock_authz.h"

#include <sys/mman.h>

#include <netinet/in.h>
#include <string.h>

/*
 * Rules are kept packed, 36 bytes each, in the order of their lines; an
 * index of 32-bit numbers, at most half full, says where a key is.  The
 * memory comes straight from the system, sized for as many rules as the file
 * has lines: what is not used is never touched and costs nothing, and all of
 * it goes back at once.
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

/* Fixed-size entries that begin with a line and end with their key. */
struct table {
	uint8_t *entries;
	uint32_t *index; /* 0 = empty, else number of the entry + 1 */
	size_t entry_size;
	size_t count;
	size_t max;
	size_t mask;
};

/* A set of uids or gids. */
struct ids {
	uint32_t *slots; /* 0 = empty, else id + 1 */
	size_t count;
	size_t mask;
};

struct bsock_authz {
	struct table inet;
	struct table path;
	struct ids ids[2]; /* by bsock_authz_kind */
	uint8_t ports[1024 / 8];
	int64_t low_ports_uid; /* may have them all; -1: nobody */
};

static void *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void
unmap(void *p, size_t size)
{
	if (p != NULL)
		(void)munmap(p, size);
}

/* A power of two, at least twice max. */
static size_t
slots_for(size_t max)
{
	size_t slots = 16;

	while (slots < max * 2)
		slots *= 2;
	return slots;
}

static bool
table_init(struct table *t, size_t entry_size, size_t max)
{
	size_t slots = slots_for(max);

	t->entry_size = entry_size;
	t->max = max;
	t->mask = slots - 1;
	t->entries = map(max * entry_size);
	t->index = map(slots * sizeof(*t->index));
	return t->entries != NULL && t->index != NULL;
}

static void
table_release(struct table *t)
{
	unmap(t->entries, t->max * t->entry_size);
	unmap(t->index, (t->mask + 1) * sizeof(*t->index));
}

static uint64_t
hash_bytes(const uint8_t *p, size_t len)
{
	uint64_t h = len, word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, p, len);
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 32);
}

static uint8_t *
table_entry(const struct table *t, size_t i)
{
	return t->entries + i * t->entry_size;
}

static const uint8_t *
entry_key(const uint8_t *entry)
{
	return entry + sizeof(uint32_t);
}

static uint32_t
entry_line(const uint8_t *entry)
{
	uint32_t line;

	memcpy(&line, entry, sizeof(line));
	return line;
}

/* The index slot where key is, or where it would go. */
static uint32_t *
table_slot(const struct table *t, const void *key)
{
	size_t len = t->entry_size - sizeof(uint32_t);
	size_t i = hash_bytes(key, len) & t->mask;

	while (
	    t->index[i] != 0 &&
	    memcmp(entry_key(table_entry(t, t->index[i] - 1)), key, len) != 0)
		i = (i + 1) & t->mask;
	return &t->index[i];
}

static uint32_t
table_find(const struct table *t, const void *key)
{
	const uint32_t *slot = table_slot(t, key);

	return *slot == 0 ? 0 : entry_line(table_entry(t, *slot - 1));
}

static uint32_t
table_add(struct table *t, const void *key, uint32_t line)
{
	uint32_t *slot = table_slot(t, key);
	uint8_t *entry;

	if (*slot != 0)
		return entry_line(table_entry(t, *slot - 1));
	entry = table_entry(t, t->count++);
	memcpy(entry, &line, sizeof(line));
	memcpy(entry + sizeof(line), key, t->entry_size - sizeof(line));
	*slot = (uint32_t)t->count;
	return 0;
}

static bool
ids_init(struct ids *ids, size_t max)
{
	ids->mask = slots_for(max) - 1;
	ids->slots = map((ids->mask + 1) * sizeof(*ids->slots));
	return ids->slots != NULL;
}

static uint32_t *
ids_slot(const struct ids *ids, uint32_t id)
{
	size_t i = hash_bytes((const uint8_t *)&id, sizeof(id)) & ids->mask;

	while (ids->slots[i] != 0 && ids->slots[i] != id + 1)
		i = (i + 1) & ids->mask;
	return &ids->slots[i];
}

static bool
ids_has(const struct ids *ids, uint32_t id)
{
	/* 4294967295 is nobody's, and its slot value would be "empty". */
	return id != UINT32_MAX && *ids_slot(ids, id) != 0;
}

static void
ids_add(struct ids *ids, uint32_t id)
{
	uint32_t *slot = ids_slot(ids, id);

	if (*slot == 0)
		ids->count++;
	*slot = id + 1;
}

struct bsock_authz *
bsock_authz_new(size_t max)
{
	struct bsock_authz *a = map(sizeof(*a));

	if (a == NULL)
		return NULL;
	a->low_ports_uid = -1;
	if (max == 0)
		max = 1;
	if (table_init(&a->inet, sizeof(struct inet_rule), max) &&
	    table_init(&a->path, sizeof(struct unix_rule), max) &&
	    ids_init(&a->ids[BSOCK_AUTHZ_UID], max) &&
	    ids_init(&a->ids[BSOCK_AUTHZ_GID], max))
		return a;
	bsock_authz_free(a);
	return NULL;
}

void
bsock_authz_free(struct bsock_authz *a)
{
	if (a == NULL)
		return;
	table_release(&a->inet);
	table_release(&a->path);
	for (int i = 0; i < 2; i++)
		unmap(a->ids[i].slots,
		    (a->ids[i].mask + 1) * sizeof(*a->ids[i].slots));
	unmap(a, sizeof(*a));
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

	ids_add(&a->ids[who->kind], who->id);
	if (key->family == AF_UNIX) {
		unix_key(&uk, who, key);
		return table_add(&a->path, &uk, line);
	}
	if (key->port < 1024)
		a->ports[key->port / 8] |= (uint8_t)(1u << (key->port % 8));
	inet_key(&ik, who, key);
	return table_add(&a->inet, &ik, line);
}

uint32_t
bsock_authz_find(const struct bsock_authz *a,
    const struct bsock_authz_principal *who, const struct bsock_addr *key)
{
	struct unix_key uk;
	struct inet_key ik;

	if (key->family == AF_UNIX) {
		unix_key(&uk, who, key);
		return table_find(&a->path, &uk);
	}
	inet_key(&ik, who, key);
	return table_find(&a->inet, &ik);
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
	       ids_has(&a->ids[BSOCK_AUTHZ_UID], uid);
}

bool
bsock_authz_groups_known(
    const struct bsock_authz *a, const struct bsock_authz_caller *caller)
{
	const struct ids *gids = &a->ids[BSOCK_AUTHZ_GID];

	if (ids_has(gids, caller->gid))
		return true;
	for (size_t i = 0; i < caller->ngroups; i++)
		if (ids_has(gids, caller->groups[i]))
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

		memcpy(&r, table_entry(&a->inet, i), sizeof(r));
		who.kind = r.key.kind;
		who.id = r.key.id;
		inet_rule_addr(&r.key, &addr);
		fn(ctx, &who, &addr, r.line);
	}
	for (size_t i = 0; i < a->path.count; i++) {
		struct unix_rule r;

		memcpy(&r, table_entry(&a->path, i), sizeof(r));
		who.kind = r.key.kind;
		who.id = r.key.id;
		unix_rule_addr(&r.key, &addr);
		fn(ctx, &who, &addr, r.line);
	}
}
