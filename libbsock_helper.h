/*
 * libbsock_helper - runs the setuid bsock program for one request
 */
#ifndef LIBBSOCK_HELPER_H
#define LIBBSOCK_HELPER_H

#include <time.h>

/*
 * Run bsock with sock, which stays the caller's, as its standard input, and
 * wait until it has ended; at the deadline it is killed.  The request must
 * have been sent already.  No SIGCHLD reaches the caller, whose signal
 * dispositions and other children are left alone.  Thread-safe; the calling
 * thread sleeps meanwhile.
 * Returns 0, or an errno value: ENOENT (not installed setuid root, or the
 * bit is void under no_new_privs), EACCES (may not be executed), ...
 */
int bsock_helper_run(int sock, const struct timespec *deadline);

#endif
