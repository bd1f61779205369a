/*
 * bsock_table - packed entries with an index, and sets of numbers
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_table.h"

#include <sys/mman.h>

#include <string.h>

void *
bsock_table_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
bsock_table_unmap(void *p, size_t size)
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

bool
bsock_table_init(struct bsock_table *t, size_t entry_size, size_t max)
{
	size_t slots = slots_for(max);

	t->entry_size = entry_size;
	t->max = max;
	t->mask = slots - 1;
	t->entries = bsock_table_map(max * entry_size);
	t->index = bsock_table_map(slots * sizeof(*t->index));
	return t->entries != NULL && t->index != NULL;
}

void
bsock_table_release(struct bsock_table *t)
{
	bsock_table_unmap(t->entries, t->max * t->entry_size);
	bsock_table_unmap(t->index, (t->mask + 1) * sizeof(*t->index));
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

uint8_t *
bsock_table_entry(const struct bsock_table *t, size_t i)
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
table_slot(const struct bsock_table *t, const void *key)
{
	size_t len = t->entry_size - sizeof(uint32_t);
	size_t i = hash_bytes(key, len) & t->mask;

	while (t->index[i] != 0 &&
	       memcmp(entry_key(bsock_table_entry(t, t->index[i] - 1)), key,
		   len) != 0)
		i = (i + 1) & t->mask;
	return &t->index[i];
}

uint32_t
bsock_table_find(const struct bsock_table *t, const void *key)
{
	const uint32_t *slot = table_slot(t, key);

	return *slot == 0 ? 0 : entry_line(bsock_table_entry(t, *slot - 1));
}

uint32_t
bsock_table_add(struct bsock_table *t, const void *key, uint32_t line)
{
	uint32_t *slot = table_slot(t, key);
	uint8_t *entry;

	if (*slot != 0)
		return entry_line(bsock_table_entry(t, *slot - 1));
	entry = bsock_table_entry(t, t->count++);
	memcpy(entry, &line, sizeof(line));
	memcpy(entry + sizeof(line), key, t->entry_size - sizeof(line));
	*slot = (uint32_t)t->count;
	return 0;
}

bool
bsock_table_ids_init(struct bsock_table_ids *ids, size_t max)
{
	ids->mask = slots_for(max) - 1;
	ids->slots = bsock_table_map((ids->mask + 1) * sizeof(*ids->slots));
	return ids->slots != NULL;
}

static uint32_t *
ids_slot(const struct bsock_table_ids *ids, uint32_t id)
{
	size_t i = hash_bytes((const uint8_t *)&id, sizeof(id)) & ids->mask;

	while (ids->slots[i] != 0 && ids->slots[i] != id + 1)
		i = (i + 1) & ids->mask;
	return &ids->slots[i];
}

bool
bsock_table_ids_has(const struct bsock_table_ids *ids, uint32_t id)
{
	/* 4294967295 is nobody's, and its slot value would be "empty". */
	return id != UINT32_MAX && *ids_slot(ids, id) != 0;
}

void
bsock_table_ids_add(struct bsock_table_ids *ids, uint32_t id)
{
	uint32_t *slot = ids_slot(ids, id);

	if (*slot == 0)
		ids->count++;
	*slot = id + 1;
}

void
bsock_table_ids_release(struct bsock_table_ids *ids)
{
	bsock_table_unmap(ids->slots, (ids->mask + 1) * sizeof(*ids->slots));
}
