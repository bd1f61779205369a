/*
 * bsock_supervise - binds for programs that are watched by a seccomp filter
 *
 * The supervisor has no privilege.  It takes the socket and the address of a
 * reported bind(2) out of the program, binds the socket itself, asks bsock
 * when the kernel says no, and answers; whatever it cannot help with it lets
 * the kernel do, so that the program gets the kernel's own result.
 * See seccomp_unotify(2).
 */
#ifndef BSOCK_SUPERVISE_H
#define BSOCK_SUPERVISE_H

#include <stdbool.h>

/*
 * In the process that will be the program: install the filter, which can
 * never be removed, and set no_new_privs.  Returns the descriptor on which
 * bind(2) is reported, or -1 and errno: ENOSYS (no such kernel), EBUSY
 * (somebody else's supervisor is at work already), ...
 */
int bsock_supervise_install(void);

/* What went wrong there, in words. */
const char *bsock_supervise_explain(int error);

/* Called for a bind that bsock was asked for (error 0: bound), since the
 * kernel had said why. */
struct bsock_ask;
typedef void bsock_supervise_report(
    const struct bsock_ask *ask, int why, int error);

struct bsock_supervise {
	int listener; /* what bsock_supervise_install() returned */
	bsock_supervise_report *report;
	/* Called when a program's socket cannot be looked at, with its pid. */
	void (*blind)(long pid);
};

/*
 * Start to answer, in threads of its own: one more as soon as all are busy,
 * so that a question which takes seconds keeps no other program waiting.
 * They end with the process.  All signals must be blocked.  Returns 0, or
 * -1 and errno.
 */
int bsock_supervise_start(const struct bsock_supervise *options);

#endif
