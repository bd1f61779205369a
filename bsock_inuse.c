/*
 * bsock_inuse - is there another socket on an address?
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_inuse.h"

#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"

#define FIELDS    10
#define LISTENING 0x0a /* TCP_LISTEN, as /proc/net/tcp writes it */

struct wanted {
	const struct bsock_addr *key;
	unsigned long inode; /* not this one */
};

/* A number, len digits long. */
static bool
read_number(const char *text, size_t len, unsigned base, unsigned long *value)
{
	static const char digits[] = "0123456789ABCDEF";

	*value = 0;
	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(digits, text[i], base);

		if (digit == NULL)
			return false;
		*value = *value * base + (unsigned long)(digit - digits);
	}
	return len > 0;
}

/* /proc writes addresses as 32-bit words in host byte order: "0100007F:0035",
 * four of them for IPv6. */
static bool
read_address(const struct bsock_addr_field *field, struct bsock_addr *at)
{
	size_t digits = at->family == AF_INET ? 8 : 32;
	unsigned long n;

	memset(at->host, 0, sizeof(at->host));
	if (field->len != digits + 5 || field->text[digits] != ':' ||
	    !read_number(field->text + digits + 1, 4, 16, &n))
		return false;
	at->port = (uint16_t)n;
	for (size_t i = 0; i < digits / 8; i++) {
		uint32_t word;

		if (!read_number(field->text + 8 * i, 8, 16, &n))
			return false;
		word = (uint32_t)n;
		memcpy(at->host + 4 * i, &word, sizeof(word));
	}
	return true;
}

/* Slot, local and remote address, state, queues, timer, retransmits, uid,
 * timeout, inode. */
static bool
line_is(const struct wanted *w, int family, const char *line)
{
	struct bsock_addr_field f[FIELDS];
	struct bsock_addr at = *w->key;
	unsigned long state, inode;

	at.family = (uint16_t)family;
	if (bsock_addr_split(line, strcspn(line, "\n"), f, FIELDS) < FIELDS ||
	    !read_address(&f[1], &at) ||
	    !read_number(f[3].text, f[3].len, 16, &state) ||
	    !read_number(f[9].text, f[9].len, 10, &inode))
		return false;
	bsock_addr_key(&at, &at);
	return bsock_addr_equal(&at, w->key) && inode != w->inode &&
	       (w->key->socktype != SOCK_STREAM || state == LISTENING);
}

static bool
table_has(const struct wanted *w, int family, const char *path)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return family == AF_INET; /* IPv6 can be absent */
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = line_is(w, family, line);
	(void)fclose(f);
	return found;
}

bool
bsock_inuse(const struct bsock_addr *key, int own)
{
	struct wanted w = {.key = key};
	struct stat st;

	if (own >= 0 && fstat(own, &st) == 0)
		w.inode = (unsigned long)st.st_ino;
	switch (key->protocol) {
	case IPPROTO_TCP:
		return table_has(&w, AF_INET, "/proc/net/tcp") ||
		       table_has(&w, AF_INET6, "/proc/net/tcp6");
	case IPPROTO_UDP:
		return table_has(&w, AF_INET, "/proc/net/udp") ||
		       table_has(&w, AF_INET6, "/proc/net/udp6");
	case IPPROTO_UDPLITE:
		return table_has(&w, AF_INET, "/proc/net/udplite") ||
		       table_has(&w, AF_INET6, "/proc/net/udplite6");
	default:
		return true;
	}
}
