/*
 * bsock_preload - the shim: bind(2) that asks bsock where the kernel says no
 *
 * The inside of libbsock_preload.so.  The functions of libc come first,
 * always, and what they say stands unless bsock can help.  All of it runs in
 * somebody else's program, in any thread: it allocates nothing, takes no
 * lock, and leaves errno as that program expects it.
 */
#ifndef BSOCK_PRELOAD_H
#define BSOCK_PRELOAD_H

#include <sys/socket.h>

#include <netinet/in.h>
#include <stdbool.h>

/* What the program sees; see bsock_preload.map too. */
#define PUBLIC __attribute__((visibility("default")))

/* Written by the constructor only; the raw system calls serve whoever comes
 * earlier. */
struct bsock_preload_real {
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*shutdown)(int, int);
	/* NULL where libc has no such function. */
	int (*bindresvport)(int, struct sockaddr_in *);
	int (*bindresvport6)(int, struct sockaddr_in6 *);
	int (*bindresvport_sa)(int, struct sockaddr *);
	int (*rresvport_af)(int *, sa_family_t);
};
extern struct bsock_preload_real bsock_preload_real;

/* AF_INET or AF_INET6? */
bool bsock_preload_has_port(const struct sockaddr *sa);

/* --- bsock_preload_ask.c ----------------------------------------------- */

/* Once, in the constructor: read what the environment says. */
void bsock_preload_ask_start(void);

/* Is that an errno value of bind(2) with which asking bsock can help? */
bool bsock_preload_may_help(int error);

/*
 * After the real function has failed with errno: 0 if bsock bound fd, with
 * errno as it was before that; else -1 and errno.
 */
int bsock_preload_ask(
    int fd, const struct sockaddr *addr, socklen_t len, int before);

/* --- bsock_preload_table.c --------------------------------------------- */

/* Note that the socket fd is one of bsock's, which outlives its holder. */
void bsock_preload_remember(int fd);
bool bsock_preload_is_reserved(int fd);

#endif
