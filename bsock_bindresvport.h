/*
 * bsock_bindresvport - a free reserved port, as bindresvport(3) gives it
 */
#ifndef BSOCK_BINDRESVPORT_H
#define BSOCK_BINDRESVPORT_H

#include "bsock_addr.h"

#define BSOCK_BINDRESVPORT_FIRST 600
#define BSOCK_BINDRESVPORT_LAST  1023

/* Ports that are not given out. */
struct bsock_bindresvport_skip {
	uint8_t bits[(BSOCK_BINDRESVPORT_LAST + 1 + 7) / 8];
};

/* The built-in list and /etc/bindresvport.blacklist; the latter may be
 * missing.  At load time, in any thread: it opens a file. */
void bsock_bindresvport_skip_init(struct bsock_bindresvport_skip *skip);

/* Leave port out as well; above 1023 nothing is searched. */
void bsock_bindresvport_skip_add(
    struct bsock_bindresvport_skip *skip, uint16_t port);

/*
 * Bind fd, which stays the caller's, to addr with a port of 600..1023, tried
 * from a random one on.  Returns 0 and the port in addr, EADDRINUSE when all
 * are taken, or the errno value of bind(2).  Any thread.
 */
int bsock_bindresvport(int fd, struct bsock_addr *addr,
    const struct bsock_bindresvport_skip *skip);

#endif
