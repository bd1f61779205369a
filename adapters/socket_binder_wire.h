/*
 * socket_binder_wire - what a client says to bsock-socket-binder
 *
 * Pure.  The format is that of bsock-socket-binder(1).
 */
#ifndef SOCKET_BINDER_WIRE_H
#define SOCKET_BINDER_WIRE_H

#include "../bsock_addr.h"

/* Bytes that are looked at; what a client sends beyond is dropped. */
#define SOCKET_BINDER_REQUEST_MAX 512
#define SOCKET_BINDER_TEXT_MAX    127

enum socket_binder_request {
	SOCKET_BINDER_MORE,  /* not whole yet: read more and decode again */
	SOCKET_BINDER_WHOLE, /* *request is set */
	SOCKET_BINDER_BAD,   /* this is no request */
};

struct socket_binder_asked {
	uint16_t family;                       /* AF_INET or AF_INET6 */
	uint16_t port;                         /* host byte order */
	char text[SOCKET_BINDER_TEXT_MAX + 1]; /* the address, with a NUL */
};

enum socket_binder_request socket_binder_decode(
    struct socket_binder_asked *asked, const uint8_t *buf, size_t len);

/*
 * The text of the address, read: family, port and host of *addr are set, all
 * else is zero.  Returns 0, or EINVAL for what is no numeric address of that
 * family.
 */
int socket_binder_address(
    struct bsock_addr *addr, const struct socket_binder_asked *asked);

#endif
