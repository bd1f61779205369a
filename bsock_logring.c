/*
 * bsock_logring - lines of the log on their way to the main thread
 *
 * A ring of units.  A line takes as many units in a row as it needs, as a rule
 * one.  A unit's turn says whose it is: turn == position: free for the writer
 * that takes this position; turn == position + 1: filled.  Units are freed in
 * their order, so where the last one of a row is free the others are too.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_logring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define UNITS      1024u
#define UNIT_BYTES 112 /* a unit is two cache lines */

struct unit {
	_Alignas(64) atomic_uint turn;
	/* Of the whole line, where it begins. */
	uint16_t units;
	uint16_t priority;
	bsock_log_words *words;
	char bytes[UNIT_BYTES];
};

static struct unit units[UNITS];
static atomic_uint write_position;
static unsigned read_position; /* the reader's */
static atomic_uint lost;
static atomic_bool pending; /* the reader knows that lines are there */
static int wake = -1;

void
bsock_logring_start(int wake_fd)
{
	for (unsigned i = 0; i < UNITS; i++)
		atomic_store(&units[i].turn, i);
	atomic_store(&write_position, 0);
	read_position = 0;
	wake = wake_fd;
}

bool
bsock_logring_is_started(void)
{
	return wake >= 0;
}

static struct unit *
unit_at(unsigned position)
{
	return &units[position % UNITS];
}

/* Takes n units in a row; false when the ring is full. */
static bool
units_take(unsigned n, unsigned *position)
{
	unsigned pos = atomic_load(&write_position);

	for (;;) {
		unsigned last = pos + n - 1;
		int ahead = (int)(atomic_load(&unit_at(last)->turn) - last);

		if (ahead < 0)
			return false;
		if (ahead > 0) {
			pos = atomic_load(&write_position);
			continue;
		}
		if (atomic_compare_exchange_weak(
			&write_position, &pos, pos + n)) {
			*position = pos;
			return true;
		}
	}
}

/* The first unit is filled last: from then on the line is there. */
static void
units_fill(unsigned position, unsigned n, const char *bytes, size_t size)
{
	for (unsigned i = n; i-- > 0;) {
		struct unit *u = unit_at(position + i);
		size_t from = (size_t)i * UNIT_BYTES, left = size - from;

		memcpy(u->bytes, bytes + from,
		    left < UNIT_BYTES ? left : UNIT_BYTES);
		atomic_store(&u->turn, position + i + 1);
	}
}

void
bsock_logring_put(
    int priority, bsock_log_words *words, const void *bytes, size_t size)
{
	unsigned n = (unsigned)((size + UNIT_BYTES - 1) / UNIT_BYTES), position;
	struct unit *first;

	if (!units_take(n, &position)) {
		atomic_fetch_add(&lost, 1);
		return;
	}
	first = unit_at(position);
	first->units = (uint16_t)n;
	first->priority = (uint16_t)priority;
	first->words = words;
	units_fill(position, n, bytes, size);
	if (!atomic_exchange(&pending, true)) {
		ssize_t written = write(wake, "", 1);

		(void)written; /* a full pipe wakes as well */
	}
}

void
bsock_logring_attend(void)
{
	atomic_store(&pending, false);
}

bool
bsock_logring_peek(struct bsock_logring_line *line)
{
	const struct unit *u = unit_at(read_position);

	if (atomic_load(&u->turn) != read_position + 1)
		return false;
	line->units = u->units;
	line->priority = u->priority;
	line->words = u->words;
	for (unsigned i = 0; i < line->units; i++)
		memcpy(line->bytes + (size_t)i * UNIT_BYTES,
		    unit_at(read_position + i)->bytes, UNIT_BYTES);
	return true;
}

void
bsock_logring_free(const struct bsock_logring_line *line)
{
	for (unsigned i = 0; i < line->units; i++) {
		atomic_store(
		    &unit_at(read_position)->turn, read_position + UNITS);
		read_position++;
	}
}

unsigned
bsock_logring_lost(void)
{
	return atomic_exchange(&lost, 0);
}
