/*
 * bsock_table - packed entries with an index, and sets of numbers
 *
 * Hash tables that are sized once, filled, and then only read: by any number
 * of threads, without a lock.  Their memory comes straight from the system:
 * what is not used is never touched and costs nothing, and all of it goes
 * back at once.  Nothing is ever removed.
 */
#ifndef BSOCK_TABLE_H
#define BSOCK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory, NULL and errno ENOMEM; unmap(NULL) does nothing. */
void *bsock_table_map(size_t size);
void bsock_table_unmap(void *p, size_t size);

/*
 * Entries of one size, in the order in which they came: a line number, and a
 * key without padding that ends the entry.  An index of 32-bit numbers, at
 * most half full, says where a key is.
 */
struct bsock_table {
	uint8_t *entries;
	uint32_t *index; /* 0 = empty, else number of the entry + 1 */
	size_t entry_size;
	size_t count;
	size_t max;
	size_t mask; /* of index, a power of two minus one */
};

/* Room for max (at least 1) entries; false when memory is out.  To be
 * released in both cases. */
bool bsock_table_init(struct bsock_table *t, size_t entry_size, size_t max);
void bsock_table_release(struct bsock_table *t);

/* Entry i, from 0. */
uint8_t *bsock_table_entry(const struct bsock_table *t, size_t i);

/* The line of the entry that has this key; 0: none. */
uint32_t bsock_table_find(const struct bsock_table *t, const void *key);

/* Returns 0 added; else the line of the entry that has this key already.  At
 * most max entries are added. */
uint32_t bsock_table_add(struct bsock_table *t, const void *key, uint32_t line);

/* A set of uids or gids. */
struct bsock_table_ids {
	uint32_t *slots; /* 0 = empty, else id + 1 */
	size_t count;
	size_t mask;
};

/* Room for max of them, as above. */
bool bsock_table_ids_init(struct bsock_table_ids *ids, size_t max);
void bsock_table_ids_release(struct bsock_table_ids *ids);
bool bsock_table_ids_has(const struct bsock_table_ids *ids, uint32_t id);
void bsock_table_ids_add(struct bsock_table_ids *ids, uint32_t id);

#endif
