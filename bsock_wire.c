/*
 * bsock_wire - bytes of a request and of a reply
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_wire.h"

#include <string.h>

#include "bsock_compat.h"

#define VERSION_SIZE 8 /* zero bytes that begin the binary form */
#define HEADER_64    56
#define HEADER_32    40 /* three 32-bit pointers less, where 64 bits have 28 */

enum { FLAGS = 8, FAMILY = 12, SOCKTYPE = 16, PROTOCOL = 20, SALEN = 24 };

static uint32_t
get32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static void
put32(uint8_t *p, uint32_t value)
{
	memcpy(p, &value, sizeof(value));
}

/* One binary message: a header of either size, then exactly n bytes. */
static int
decode_binary(struct bsock_request *request, const uint8_t *buf, size_t len)
{
	uint32_t n;

	if (len < HEADER_32)
		return EINVAL;
	n = get32(buf + SALEN);
	if (n > sizeof(struct sockaddr_storage) ||
	    (len - n != HEADER_64 && len - n != HEADER_32))
		return EINVAL;
	request->rebind = (get32(buf + FLAGS) & BSOCK_WIRE_REBIND) != 0;
	return bsock_addr_from_sockaddr(&request->addr,
	    (int)get32(buf + FAMILY), (int)get32(buf + SOCKTYPE),
	    (int)get32(buf + PROTOCOL), buf + len - n, n);
}

/* One line: STATUS, or the five fields of an address. */
static int
decode_text(struct bsock_request *request, const char *text, size_t len)
{
	struct bsock_addr_field fields[5];

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > BSOCK_WIRE_TEXT_MAX || memchr(text, '\n', len) != NULL ||
	    memchr(text, '\0', len) != NULL)
		return EINVAL;
	if (len == 6 && memcmp(text, "STATUS", 6) == 0) {
		request->status = true;
		return 0;
	}
	if (bsock_addr_split(text, len, fields, 5) != 5)
		return EINVAL;
	return bsock_addr_parse(&request->addr, text, fields, NULL, NULL) == 0
		   ? 0
		   : EINVAL;
}

int
bsock_wire_decode_request(
    struct bsock_request *request, const void *buf, size_t len)
{
	static const uint8_t version[VERSION_SIZE];

	memset(request, 0, sizeof(*request));
	if (len >= VERSION_SIZE && memcmp(buf, version, VERSION_SIZE) == 0)
		return decode_binary(request, buf, len);
	return decode_text(request, buf, len);
}

size_t
bsock_wire_encode_request(
    const struct bsock_request *request, uint8_t buf[BSOCK_WIRE_BINARY_MAX])
{
	struct sockaddr_storage ss;
	socklen_t n = bsock_addr_to_sockaddr(&request->addr, &ss);

	memset(buf, 0, HEADER_64);
	put32(buf + FLAGS, request->rebind ? BSOCK_WIRE_REBIND : 0);
	put32(buf + FAMILY, request->addr.family);
	put32(buf + SOCKTYPE, request->addr.socktype);
	put32(buf + PROTOCOL, request->addr.protocol);
	put32(buf + SALEN, n);
	memcpy(buf + HEADER_64, &ss, n);
	return HEADER_64 + (size_t)n;
}

void
bsock_wire_encode_reply(
    const struct bsock_reply *reply, uint8_t buf[BSOCK_WIRE_REPLY_SIZE])
{
	put32(buf, (uint32_t)reply->error);
	put32(buf + 4, reply->flags);
}

int
bsock_wire_decode_reply(struct bsock_reply *reply, const void *buf, size_t len)
{
	if (len != 4 && len != BSOCK_WIRE_REPLY_SIZE)
		return -1;
	reply->error = (int32_t)get32(buf);
	reply->flags = len == 4 ? 0 : get32((const uint8_t *)buf + 4);
	return 0;
}
