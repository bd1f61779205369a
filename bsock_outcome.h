/*
 * bsock_outcome - how a request went: the record, and its line in the log
 *
 * A serving thread notes what happened, in numbers; the main thread puts it
 * into words when it writes the log.
 */
#ifndef BSOCK_OUTCOME_H
#define BSOCK_OUTCOME_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bsock_addr.h"
#include "bsock_reason.h"

struct bsock_outcome {
	const char *via; /* a constant: how it was asked */
	uid_t uid;       /* who asked */
	pid_t pid;
	uint32_t us;   /* from accept(2) to here */
	int error;     /* what was answered, 0: granted, */
	unsigned line; /* by the rule in this line of the config; or else */
	enum bsock_reason reason; /* why not */
	bool kept;                /* granted, and we keep a copy */
	struct bsock_addr addr;   /* of family 0: not known.  Last */
};

/* Log it, in one line. */
void bsock_outcome_log(const struct bsock_outcome *outcome);

#endif
