/*
 * sockcreator_wire - what a parent says to bsock-sockcreator
 *
 * Pure.  The format is that of bsock-sockcreator(1).
 */
#ifndef SOCKCREATOR_WIRE_H
#define SOCKCREATOR_WIRE_H

#include "../bsock_addr.h"

enum sockcreator_request {
	SOCKCREATOR_MORE, /* not whole yet: read more and decode again */
	SOCKCREATOR_TERMINATE,
	SOCKCREATOR_SOCKET, /* *addr and *used are set */
	SOCKCREATOR_BAD,    /* this is no request */
};

#define SOCKCREATOR_REQUEST_MAX 21 /* bytes of the longest request */

/* The request that buf begins with; *used is its length. */
enum sockcreator_request sockcreator_decode(
    struct bsock_addr *addr, size_t *used, const uint8_t *buf, size_t len);

#endif
