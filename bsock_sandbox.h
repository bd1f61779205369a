/*
 * bsock_sandbox - which system calls are left
 *
 * Two seccomp(2) filters.  The strict one is for the threads that read what
 * clients send: it allows what the serving of requests is made of, and
 * nothing that opens a file, runs a program, or reaches another process.  The
 * wide one is for the main thread, which never sees a client's bytes but
 * loads configs (with whatever name service modules need) and executes the
 * next binary: it refuses what no daemon of this kind ever needs.
 *
 * What is not allowed fails with EPERM.  Killing the process instead would
 * hand an attacker the end of every service's kept queue; a refused call
 * changes nothing, and a libc that tries something new falls back.
 *
 * Both need no_new_privs (bsock_priv_keep()), cannot be removed, and are
 * inherited by new threads and across exec.  Builds with a sanitizer, and
 * systems without seccomp, have none.
 */
#ifndef BSOCK_SANDBOX_H
#define BSOCK_SANDBOX_H

#include <stdbool.h>

/* Is there anything here that the two functions could do? */
bool bsock_sandbox_exists(void);

/* Is one in force already, as after a re-exec?  Filters pile up. */
bool bsock_sandbox_is_on(void);

/*
 * Confine the calling thread with the strict filter.  Returns 0, or -1 and
 * errno.
 */
int bsock_sandbox_serve(void);

/*
 * Confine the calling thread, and those it makes from now on, with the wide
 * filter.  Not to be called again by a binary that was executed under it
 * (SIGUSR2): filters stack.  Returns 0, or -1 and errno.
 */
int bsock_sandbox_main(void);

#endif
