/*
 * bsock_priv - what this process may do, and giving it up
 *
 * Mechanism only: who becomes what, and which capabilities a config needs,
 * is decided by the callers.  See capabilities(7), credentials(7),
 * PR_SET_NO_NEW_PRIVS in prctl(2).
 *
 * Everything here is for a process with one thread: capabilities belong to
 * threads, and those that are made later inherit them.
 */
#ifndef BSOCK_PRIV_H
#define BSOCK_PRIV_H

#include <sys/types.h>

#include <stdbool.h>

/* The capabilities that bsock has a use for, as a set of bits. */
#define BSOCK_PRIV_NET_BIND 1u /* CAP_NET_BIND_SERVICE: ports below 1024 */
#define BSOCK_PRIV_CHOWN    2u /* CAP_CHOWN: give sockets to their users */

/* Was this program started with more than its caller has (setuid, setgid,
 * file capabilities)?  Then nothing of the environment may be believed. */
bool bsock_priv_is_setuid(void);

/*
 * A later open must never get the number of stdin, stdout or stderr.
 * Returns 0, or -1 and errno.
 */
int bsock_priv_open_standard_fds(void);

/*
 * Forget everything that a hostile caller can prepare, for a program that
 * answers one request: descriptors 0 to 2 are open and all others closed,
 * the environment is empty, umask 0177, the signals' default actions
 * (SIGPIPE, SIGXFSZ: ignored) and none blocked or pending, no timers, sane
 * resource limits, no core dump, working directory /.  To be called first in
 * main(). Returns 0, or -1 and errno; then only exiting is safe.
 */
int bsock_priv_sanitize(void);

/* Of that the part for any program that goes on running: descriptors 0 to 2
 * are open and all others closed.  Returns 0, or -1 and errno. */
int bsock_priv_only_standard_fds(void);

/* For the daemon: no core dump, and as many descriptors as the serving of
 * 1024 connections can ever need, or the hard limit.  0, or -1 and errno. */
int bsock_priv_limits(void);

/*
 * Keep, of what the process has, only the capabilities in mask, across any
 * exec of the same user too, and set no_new_privs.  Returns 0, or -1 and
 * errno; bsock_priv_held() tells what of mask there was.
 */
int bsock_priv_keep(unsigned mask);

/* The capabilities that are in effect now. */
unsigned bsock_priv_held(void);

/* Is there any capability at all that this process has, or could have?  Yes
 * where it cannot be found out. */
bool bsock_priv_any(void);

/* The first port that anybody may bind (ip(7): ip_unprivileged_port_start). */
unsigned bsock_priv_unprivileged_port(void);

/*
 * Become that user and group for good, without supplementary groups, with
 * the capabilities in mask, and the rest as bsock_priv_keep().  For root.
 * Returns 0, or -1 and errno; then only exiting is safe.
 */
int bsock_priv_become(uid_t uid, gid_t gid, unsigned mask);

/* Become who started this setuid program, for good.  Returns 0, or -1 and
 * errno; then only exiting is safe. */
int bsock_priv_drop_to_real(void);

/*
 * Is there any user whom this process sees only as the overflow uid, because
 * it runs in a user namespace other than the initial one?  And which uid is
 * that?  Both read files in /proc: to be asked once, at start.  When it
 * cannot be found out the answer is yes.
 */
bool bsock_priv_in_userns(void);
uid_t bsock_priv_overflow_uid(void);

#endif
