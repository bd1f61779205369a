/*
 * hist - latencies of one client, to 0.4 %
 *
 * Flat, so that it can lie in memory that a parent shares with its clients.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

/* 256 buckets for each power of two, up to 2^36 ns (more than a minute). */
#define HIST_BUCKETS (29 * 256)

struct hist {
	uint64_t count;
	uint64_t max;    /* ns */
	uint64_t errors; /* requests that failed; not in the buckets */
	int error;       /* errno of the first of them */
	uint32_t bucket[HIST_BUCKETS];
};

/* CLOCK_MONOTONIC, in ns. */
uint64_t hist_now(void);

void hist_add(struct hist *hist, uint64_t ns);
void hist_add_error(struct hist *hist, int error);
void hist_merge(struct hist *to, const struct hist *from);

/* The latency (ns) that the fraction q of all requests did not exceed. */
uint64_t hist_quantile(const struct hist *hist, double q);

#endif
