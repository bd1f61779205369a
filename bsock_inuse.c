/*
 * bsock_inuse - is there a datagram socket on an address?
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_inuse.h"

#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"

#define FIELDS 10

/* A hexadecimal number, len digits long. */
static bool
read_hex(const char *text, size_t len, uint32_t *value)
{
	static const char digits[] = "0123456789ABCDEF";

	*value = 0;
	for (size_t i = 0; i < len; i++) {
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
		const char *digit = memchr(digits, text[i], 16);

		if (digit == NULL)
			return false;
		*value = *value * 16 + (uint32_t)(digit - digits);
	}
	return true;
}

/* /proc writes addresses as 32-bit words in host byte order: "0100007F:0035",
 * four of them for IPv6. */
static bool
read_address(const struct bsock_addr_field *field, struct bsock_addr *at)
{
	size_t digits = at->family == AF_INET ? 8 : 32;
	uint32_t n;

	memset(at->host, 0, sizeof(at->host));
	if (field->len != digits + 5 || field->text[digits] != ':' ||
	    !read_hex(field->text + digits + 1, 4, &n))
		return false;
	at->port = (uint16_t)n;
	for (size_t i = 0; i < digits / 8; i++) {
		if (!read_hex(field->text + 8 * i, 8, &n))
			return false;
		memcpy(at->host + 4 * i, &n, sizeof(n));
	}
	return true;
}

/* The slot, and then the local address. */
static bool
line_is(const struct bsock_addr *key, int family, const char *line)
{
	struct bsock_addr_field f[2];
	struct bsock_addr at = *key;

	at.family = (uint16_t)family;
	if (bsock_addr_split(line, strcspn(line, "\n"), f, 2) < 2 ||
	    !read_address(&f[1], &at))
		return false;
	bsock_addr_key(&at, &at);
	return bsock_addr_equal(&at, key);
}

static bool
table_has(const struct bsock_addr *key, int family, const char *path)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return family == AF_INET; /* IPv6 can be absent */
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = line_is(key, family, line);
	(void)fclose(f);
	return found;
}

bool
bsock_inuse(const struct bsock_addr *key)
{
	switch (key->protocol) {
	case IPPROTO_UDP:
		return table_has(key, AF_INET, "/proc/net/udp") ||
		       table_has(key, AF_INET6, "/proc/net/udp6");
	case IPPROTO_UDPLITE:
		return table_has(key, AF_INET, "/proc/net/udplite") ||
		       table_has(key, AF_INET6, "/proc/net/udplite6");
	default:
		return true;
	}
}
