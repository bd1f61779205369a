/*
 * bsock_wire - bytes of a request and of a reply
 *
 * Pure.  The formats are those of bsock-protocol(7); a request is decoded
 * from untrusted bytes into the caller's own storage and is either whole and
 * exact or refused.
 */
#ifndef BSOCK_WIRE_H
#define BSOCK_WIRE_H

#include "bsock_addr.h"

#define BSOCK_WIRE_TEXT_MAX 512 /* bytes of a text request, without \n */
#define BSOCK_WIRE_REQUEST_SIZE                                                \
	520 /* a receive buffer: one byte too many fits */
#define BSOCK_WIRE_BINARY_MAX (56 + 128)
#define BSOCK_WIRE_REPLY_SIZE 8

#define BSOCK_WIRE_REBIND   0x40000000u /* request flag */
#define BSOCK_WIRE_RESERVED 1u /* reply flag: the daemon keeps a copy */

struct bsock_request {
	bool status; /* the text request STATUS: nothing else is set */
	bool rebind;
	struct bsock_addr addr;
};

struct bsock_reply {
	int32_t error;  /* 0 or an errno value */
	uint32_t flags; /* BSOCK_WIRE_RESERVED */
};

/* Returns 0, or the errno value to answer with: EINVAL, EAFNOSUPPORT,
 * EPROTONOSUPPORT, ESOCKTNOSUPPORT. */
int bsock_wire_decode_request(
    struct bsock_request *request, const void *buf, size_t len);

/* Writes the binary form; returns its length. */
size_t bsock_wire_encode_request(
    const struct bsock_request *request, uint8_t buf[BSOCK_WIRE_BINARY_MAX]);

void bsock_wire_encode_reply(
    const struct bsock_reply *reply, uint8_t buf[BSOCK_WIRE_REPLY_SIZE]);

/* len 4 (a daemon before 0.12, no flags) or 8: returns 0; else -1. */
int bsock_wire_decode_reply(
    struct bsock_reply *reply, const void *buf, size_t len);

#endif
