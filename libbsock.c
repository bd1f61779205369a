/*
 * libbsock - the public functions of bsock.h
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bsock_addr.h"
#include "bsock_compat.h"
#include "bsock_wire.h"
#include "libbsock_ask.h"

#define PUBLIC __attribute__((visibility("default")))

/* Returns 0 or an errno value. */
static int
request_from_addrinfo(struct bsock_request *request, const struct addrinfo *ai)
{
	memset(request, 0, sizeof(*request));
	if (ai == NULL || ai->ai_addr == NULL)
		return EINVAL;
	request->rebind = (ai->ai_flags & BSOCK_FLAGS_REBIND) != 0;
	return bsock_addr_from_sockaddr(&request->addr, ai->ai_family,
	    ai->ai_socktype, ai->ai_protocol, ai->ai_addr, ai->ai_addrlen);
}

static int
fail(int error)
{
	errno = error;
	return -1;
}

PUBLIC int
bsock_bind_addrinfo(int fd, const struct addrinfo *ai)
{
	struct bsock_ask ask = {.fd = fd};
	int error = request_from_addrinfo(&ask.request, ai);

	if (fd < 0)
		return fail(EBADF);
	if (error != 0)
		return fail(error);
	return bsock_ask(&ask);
}

PUBLIC int
bsock_bind(int fd, const struct sockaddr *addr, socklen_t addrlen)
{
	struct bsock_ask ask = {.fd = fd};
	int error = addr == NULL
			? EINVAL
			: bsock_ask_prepare(&ask.request, fd, addr, addrlen);

	return error != 0 ? fail(error) : bsock_ask(&ask);
}

PUBLIC int
bsock_socket_addrinfo(const struct addrinfo *ai)
{
	struct bsock_ask ask = {.fd = -1};
	int error = request_from_addrinfo(&ask.request, ai);

	return error != 0 ? fail(error) : bsock_ask(&ask);
}

PUBLIC int
bsock_addrinfo_parse(
    struct addrinfo *ai, struct sockaddr_storage *ss, const char *text)
{
	struct bsock_addr_field fields[5];
	struct bsock_addr addr;
	size_t len = strnlen(text, BSOCK_WIRE_TEXT_MAX + 1);

	if (len > BSOCK_WIRE_TEXT_MAX ||
	    bsock_addr_split(text, len, fields, 5) != 5 ||
	    bsock_addr_parse(&addr, text, fields, NULL, NULL) != 0)
		return fail(EINVAL);
	memset(ai, 0, sizeof(*ai));
	ai->ai_family = addr.family;
	ai->ai_socktype = (int)addr.socktype;
	ai->ai_protocol = (int)addr.protocol;
	ai->ai_addrlen = bsock_addr_to_sockaddr(&addr, ss);
	ai->ai_addr = (struct sockaddr *)ss;
	return 0;
}

/* A unix path may hold bytes that no line can say, a blank for one. */
static bool
can_be_said(const struct bsock_addr *addr, const char *line, size_t len)
{
	struct bsock_addr_field fields[5];
	struct bsock_addr again;

	return bsock_addr_split(line, len, fields, 5) == 5 &&
	       bsock_addr_parse(&again, line, fields, NULL, NULL) == 0 &&
	       bsock_addr_equal(addr, &again);
}

PUBLIC int
bsock_addrinfo_format(const struct addrinfo *ai, char *buf, size_t size)
{
	struct bsock_request request;
	char line[BSOCK_ADDR_STRLEN];
	size_t len;

	if (request_from_addrinfo(&request, ai) != 0)
		return fail(EINVAL);
	len = bsock_addr_format(&request.addr, line, sizeof(line));
	if (!can_be_said(&request.addr, line, len))
		return fail(EINVAL);
	if (len >= size)
		return fail(ENOSPC);
	memcpy(buf, line, len + 1);
	return (int)len;
}
