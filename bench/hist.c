#include "hist.h"

#include <time.h>

uint64_t
hist_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static unsigned
index_of(uint64_t ns)
{
	unsigned exponent, i;

	if (ns < 256)
		return (unsigned)ns;
	exponent = 63u - (unsigned)__builtin_clzll(ns);
	i = (exponent - 7) * 256 + ((ns >> (exponent - 8)) & 255);
	return i < HIST_BUCKETS ? i : HIST_BUCKETS - 1;
}

static uint64_t
value_of(unsigned i)
{
	if (i < 256)
		return i;
	return (uint64_t)(256 + i % 256) << (i / 256 - 1);
}

void
hist_add(struct hist *hist, uint64_t ns)
{
	hist->count++;
	if (ns > hist->max)
		hist->max = ns;
	hist->bucket[index_of(ns)]++;
}

void
hist_add_error(struct hist *hist, int error)
{
	if (hist->errors++ == 0)
		hist->error = error;
}

void
hist_merge(struct hist *to, const struct hist *from)
{
	to->count += from->count;
	if (from->max > to->max)
		to->max = from->max;
	if (to->errors == 0)
		to->error = from->error;
	to->errors += from->errors;
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

uint64_t
hist_quantile(const struct hist *hist, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)hist->count), seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->bucket[i];
		if (seen > wanted)
			return value_of(i);
	}
	return hist->max;
}
