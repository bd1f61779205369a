/*
 * socket_binder_wire - what a client says to bsock-socket-binder
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "socket_binder_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define COMMAND_BIND 1
#define HEADER       5 /* command, family, port, length of the text */

enum socket_binder_request
socket_binder_decode(
    struct socket_binder_asked *asked, const uint8_t *buf, size_t len)
{
	size_t n;

	/* Each byte is judged as soon as it is there. */
	if ((len > 0 && buf[0] != COMMAND_BIND) ||
	    (len > 1 && buf[1] != 4 && buf[1] != 6))
		return SOCKET_BINDER_BAD;
	if (len < HEADER)
		return SOCKET_BINDER_MORE;
	n = buf[4];
	if (n == 0 || n > SOCKET_BINDER_TEXT_MAX)
		return SOCKET_BINDER_BAD;
	if (len - HEADER < n)
		return SOCKET_BINDER_MORE;
	memset(asked, 0, sizeof(*asked));
	asked->family = buf[1] == 4 ? AF_INET : AF_INET6;
	asked->port = (uint16_t)(buf[2] << 8 | buf[3]);
	memcpy(asked->text, buf + HEADER, n);
	return SOCKET_BINDER_WHOLE;
}

int
socket_binder_address(
    struct bsock_addr *addr, const struct socket_binder_asked *asked)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = asked->family;
	addr->port = asked->port;
	return inet_pton(asked->family, asked->text, addr->host) == 1 ? 0
								      : EINVAL;
}
