/*
 * bsock_run_target - a program that waits in bind(2), looked at from outside
 *
 * It can be killed at any time, and its pid may be somebody else's then: what
 * was read is its own only if bsock_run_target_waits() is true afterwards.
 * Its memory may be written to meanwhile: everything is read once.  Safe in
 * any thread, for different targets.  On Linux.
 */
#ifndef BSOCK_RUN_TARGET_H
#define BSOCK_RUN_TARGET_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "bsock_run_arch.h"

struct bsock_run_target {
	int listener; /* where it was reported; not ours */
	uint64_t id;  /* of the report */
	uint32_t pid; /* of the thread that waits */
	struct bsock_run_call call;
	struct sockaddr_storage addr; /* a copy of what call.addr points at */
	socklen_t addrlen;
};

/* Does it wait still? */
bool bsock_run_target_waits(const struct bsock_run_target *t);

/* Complete call with the arguments of a call that came through
 * socketcall(2); false when they cannot be read. */
bool bsock_run_target_arguments(struct bsock_run_target *t);

/* Copy the address; false when it cannot be read, or is too short or too
 * long, which the kernel judges. */
bool bsock_run_target_address(struct bsock_run_target *t);

/* A copy of its socket, close-on-exec, the caller's; -1 and errno (EPERM: it
 * does not let itself be looked into). */
int bsock_run_target_socket(const struct bsock_run_target *t);

/* Is the descriptor close-on-exec?  No where it cannot be found out. */
bool bsock_run_target_is_cloexec(const struct bsock_run_target *t);

#endif
