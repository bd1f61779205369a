/*
 * adapter - what bsock-socket-binder, bsock-sockcreator and bsock-portlisten
 * have in common: how they start, and how they ask bsock
 *
 * None of them needs a privilege.  What they hand out is what etc/bsock lets
 * their user have.
 */
#ifndef ADAPTER_H
#define ADAPTER_H

#include <sys/un.h>

#include <stdbool.h>

#include "../bsock_addr.h"
#include "../libbsock_ask.h"

enum { ADAPTER_EXIT_FAILURE = 1, ADAPTER_EXIT_USAGE = 2 };

/*
 * To be called first: the name in the log, no SIGPIPE, descriptors 0 to 2
 * open and all others closed.  Returns 0, or -1 and errno.
 */
int adapter_start(const char *program);

/*
 * Give up every capability; a process that has none is left as it is (no
 * no_new_privs, so that a setuid bsock works).  Says so when the user is
 * root, who may have every address.  Returns 0, or -1 and errno.
 */
int adapter_unprivileged(void);

/* Returns 0, or -1 with ENAMETOOLONG or EINVAL. */
int adapter_unix_address(struct sockaddr_un *sun, const char *path);

/* All of text is a number of that base and at most max. */
bool adapter_number(
    const char *text, int base, unsigned long max, unsigned long *number);

/*
 * Bind fd to ask->request.addr, with ask->fd set to fd: through bsock, or
 * for port 0, which takes no privilege, by bind(2).  Returns 0 or an errno
 * value.
 */
int adapter_bind(struct bsock_ask *ask);

/* The longest text of adapter_why(), with its NUL. */
#define ADAPTER_WHY_SIZE 512

/* "AF_INET SOCK_STREAM tcp 80 0.0.0.0: no rule lets uid 33 bind this": what
 * adapter_bind() was asked and how it failed.  Returns buf. */
const char *adapter_why(
    const struct bsock_ask *ask, int error, char buf[ADAPTER_WHY_SIZE]);

#endif
