/*
 * bsock_inuse - is there another socket on an address?
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_inuse.h"

#include <sys/stat.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"

#define LISTENING 0x0a /* TCP_LISTEN, as /proc/net/tcp writes it */

struct wanted {
	const struct bsock_addr *key;
	unsigned long inode; /* not this one */
};

/* /proc writes addresses as 32-bit words in host byte order. */
static bool
read_host(const char *text, size_t words, uint8_t host[16])
{
	for (size_t i = 0; i < words; i++) {
		unsigned word;

		if (sscanf(text + 8 * i, "%8x", &word) != 1)
			return false;
		memcpy(host + 4 * i, &word, sizeof(word));
	}
	return true;
}

/* "  0: 0100007F:0035 00000000:0000 07 ... 0 0 4242 ..." */
static bool
line_is(const struct wanted *w, int family, const char *line)
{
	char host[33];
	unsigned port, state;
	unsigned long inode;
	struct bsock_addr at = *w->key;

	if (sscanf(line,
		"%*d: %32[0-9A-F]:%x %*[0-9A-F:] %x %*s %*s %*s %*u %*u %lu",
		host, &port, &state, &inode) != 4 ||
	    strlen(host) != (family == AF_INET ? 8 : 32))
		return false;
	at.family = (uint16_t)family;
	at.port = (uint16_t)port;
	memset(at.host, 0, sizeof(at.host));
	if (!read_host(host, strlen(host) / 8, at.host))
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
