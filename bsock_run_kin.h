/*
 * bsock_run_kin - whose child is that process?
 *
 * Looks at /proc.  For one thread at a time, on Linux.
 */
#ifndef BSOCK_RUN_KIN_H
#define BSOCK_RUN_KIN_H

#include <sys/types.h>

#include <stdbool.h>

/* The parent of pid; -1 when it cannot be found out. */
pid_t bsock_run_kin_parent(pid_t pid);

/*
 * Is the peer of conn, which the kernel says is pid, root itself or a
 * descendant of it, and still there?  Unsure is no.
 */
bool bsock_run_kin_descends(int conn, pid_t pid, pid_t root);

#endif
