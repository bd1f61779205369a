/*
 * bsock_run_arch - how each kind of machine calls bind(2)
 *
 * The seccomp filter of bsock-run and its supervisor share one table of
 * numbers, so that what the one reports the other understands.  Pure.
 */
#ifndef BSOCK_RUN_ARCH_H
#define BSOCK_RUN_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BSOCK_RUN_ARCH_NONE UINT32_MAX /* there is no such call */

/* One calling convention of system calls. */
struct bsock_run_arch {
	const char *name;
	uint32_t audit; /* AUDIT_ARCH_*, as seccomp(2) tells it */
	uint32_t bind;
	uint32_t io_uring_setup;
	uint32_t socketcall; /* the one call for all of them, or NONE */
};

extern const struct bsock_run_arch bsock_run_archs[];
extern const size_t bsock_run_narchs;

/* A bind(2) as its filter reported it. */
struct bsock_run_call {
	/* socketcall(2): args[1] points at the three 32-bit arguments. */
	bool indirect;
	int fd;
	uint64_t addr;
	uint64_t len;
};

struct seccomp_data;
struct sock_filter;

/* Is this a bind(2)?  Of an indirect one only addr is set, to where the
 * arguments are. */
bool bsock_run_arch_is_bind(
    const struct seccomp_data *data, struct bsock_run_call *call);

#define BSOCK_RUN_FILTER_MAX 64

/*
 * The filter: bind(2) is reported, io_uring_setup(2) is ENOSYS (its bind
 * would not be seen), everything else is allowed after two or three
 * comparisons.  There must be room for BSOCK_RUN_FILTER_MAX instructions;
 * returns how many there are.
 */
size_t bsock_run_arch_filter(struct sock_filter *filter);

#endif
