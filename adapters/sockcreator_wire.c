/*
 * sockcreator_wire - what a parent says to bsock-sockcreator
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "sockcreator_wire.h"

#include <string.h>

#include "../bsock_compat.h"

#define HEADER 3 /* command, type, family */
#define PORT   2

enum sockcreator_request
sockcreator_decode(
    struct bsock_addr *addr, size_t *used, const uint8_t *buf, size_t len)
{
	size_t host;

	if (len == 0)
		return SOCKCREATOR_MORE;
	if (buf[0] == 'T')
		return SOCKCREATOR_TERMINATE;
	if (buf[0] != 'S')
		return SOCKCREATOR_BAD;
	/* Type and family are judged together, when both are there. */
	if (len < HEADER)
		return SOCKCREATOR_MORE;
	if ((buf[1] != 'T' && buf[1] != 'U') ||
	    (buf[2] != '4' && buf[2] != '6'))
		return SOCKCREATOR_BAD;
	host = buf[2] == '4' ? 4 : 16;
	if (len < HEADER + PORT + host)
		return SOCKCREATOR_MORE;
	memset(addr, 0, sizeof(*addr));
	addr->family = buf[2] == '4' ? AF_INET : AF_INET6;
	addr->socktype = buf[1] == 'T' ? SOCK_STREAM : SOCK_DGRAM;
	addr->protocol = buf[1] == 'T' ? IPPROTO_TCP : IPPROTO_UDP;
	addr->port = (uint16_t)(buf[3] << 8 | buf[4]);
	memcpy(addr->host, buf + HEADER + PORT, host);
	*used = HEADER + PORT + host;
	return SOCKCREATOR_SOCKET;
}
