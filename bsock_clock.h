/*
 * bsock_clock - times and time-outs in milliseconds
 *
 * Of CLOCK_MONOTONIC, which nobody sets.  Any thread; nothing waits.
 */
#ifndef BSOCK_CLOCK_H
#define BSOCK_CLOCK_H

#include <stdint.h>

int64_t bsock_clock_now(void);

/* The smaller of two time-outs as poll(2) takes them: -1 is for ever. */
int bsock_clock_sooner(int a, int b);

#endif
