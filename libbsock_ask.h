/*
 * libbsock_ask - one question to bsock, with all that there is to know
 * about its answer
 *
 * For the public functions of bsock.h, the shim and bsock-run, which need
 * more than an errno value.  Not exported.
 */
#ifndef LIBBSOCK_ASK_H
#define LIBBSOCK_ASK_H

#include "bsock_wire.h"

struct bsock_ask {
	/* What to ask, set by the caller. */
	struct bsock_request request;
	int fd;           /* the socket to bind, the caller's; -1: make one */
	const char *path; /* the daemon's socket, NULL: as bsock.h says */

	/* How it went, set by bsock_ask(). */
	bool answered; /* errno is bsock's word, not why it was not asked */
	bool reserved; /* the address is reserved: bsock keeps a copy */
};

/*
 * Asks the daemon, or without one the setuid program; a kept socket is put in
 * place of fd.  Returns 0, or the new socket where fd is -1; or -1 and errno.
 * Time, threads and errno as in bsock.h.
 */
int bsock_ask(struct bsock_ask *ask);

/*
 * The request for what bind(fd, addr, addrlen) asks: socket type and protocol
 * are those of fd.  Returns 0 or an errno value.
 */
int bsock_ask_prepare(
    struct bsock_request *request, int fd, const void *addr, size_t addrlen);

/*
 * Say in one line, without the address and without a newline, how the ask
 * that ended with error (0: bound) went, what was wrong and what to do.
 * Returns the length of the text; buf always ends with a NUL.
 */
size_t bsock_ask_explain(
    const struct bsock_ask *ask, int error, char *buf, size_t size);

/* Where bsock.h's functions ask: $BSOCK_SOCKET, or the built-in path. */
const char *bsock_ask_path(void);

#endif
