/*
 * bsock_addr - an address: family, socket type, protocol, port, host
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_addr.h"

#include <sys/un.h>

#include <arpa/inet.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_kind.h"
#include "bsock_text.h"

static void
text_word(struct bsock_text *t, const char *word)
{
	bsock_text_string(t, word);
	bsock_text_bytes(t, " ", 1);
}

static void
text_ipv4(struct bsock_text *t, const uint8_t host[4])
{
	for (int i = 0; i < 4; i++) {
		bsock_text_bytes(t, ".", i > 0);
		bsock_text_number(t, host[i]);
	}
}

static void
text_ipv6(struct bsock_text *t, const struct bsock_addr *addr)
{
	char host[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(AF_INET6, addr->host, host, sizeof(host));
	bsock_text_string(t, host);
	if (addr->scope == 0)
		return;
	bsock_text_bytes(t, "%", 1);
	bsock_text_number(t, addr->scope);
}

size_t
bsock_addr_format(const struct bsock_addr *addr, char *buf, size_t size)
{
	const struct bsock_kind_protocol *known =
	    bsock_kind_protocol(addr->protocol);
	char line[BSOCK_ADDR_STRLEN];
	struct bsock_text t = {.buf = line, .size = sizeof(line)};

	text_word(&t, bsock_kind_name(bsock_kind_families, addr->family));
	text_word(&t, bsock_kind_name(bsock_kind_socktypes, addr->socktype));
	if (known == NULL)
		bsock_text_number(&t, addr->protocol);
	text_word(&t, known == NULL ? "" : known->name);
	bsock_text_number(&t, addr->port);
	bsock_text_bytes(&t, " ", 1);
	if (addr->family == AF_INET)
		text_ipv4(&t, addr->host);
	else if (addr->family == AF_INET6)
		text_ipv6(&t, addr);
	else
		bsock_text_bytes(&t, addr->path, addr->pathlen);
	if (addr->pathlen > 0 && addr->path[0] == '\0')
		line[t.len - addr->pathlen] = '@';
	if (size == 0)
		return t.len;
	if (t.len < size)
		memcpy(buf, line, t.len);
	buf[t.len < size ? t.len : 0] = '\0';
	return t.len;
}

bool
bsock_addr_is_link_local(const uint8_t host[16])
{
	return (host[0] == 0xfe && (host[1] & 0xc0) == 0x80) ||
	       (host[0] == 0xff && (host[1] & 0x0f) == 0x02);
}

static int
from_inet(struct bsock_addr *addr, const void *sa, size_t salen)
{
	struct sockaddr_in in;

	if (salen != sizeof(in) && salen != sizeof(struct sockaddr_storage))
		return EINVAL;
	memcpy(&in, sa, sizeof(in));
	addr->port = ntohs(in.sin_port);
	memcpy(addr->host, &in.sin_addr, 4);
	return 0;
}

static int
from_inet6(struct bsock_addr *addr, const void *sa, size_t salen)
{
	struct sockaddr_in6 in6;

	if (salen != sizeof(in6) && salen != sizeof(struct sockaddr_storage))
		return EINVAL;
	memcpy(&in6, sa, sizeof(in6));
	addr->port = ntohs(in6.sin6_port);
	memcpy(addr->host, &in6.sin6_addr, 16);
	if (bsock_addr_is_link_local(addr->host))
		addr->scope = in6.sin6_scope_id;
	return 0;
}

/* A named path ends at its NUL; an abstract name where the length says, but
 * a sockaddr_storage does not say it. */
static int
from_unix(struct bsock_addr *addr, const void *sa, size_t salen)
{
	const size_t offset = offsetof(struct sockaddr_un, sun_path);
	const char *path = (const char *)sa + offset;
	size_t len;

	if (salen <= offset || (salen > sizeof(struct sockaddr_un) &&
				   salen != sizeof(struct sockaddr_storage)))
		return EINVAL;
	len = salen - offset;
	if (path[0] != '\0')
		len = strnlen(path, len);
	else if (salen == sizeof(struct sockaddr_storage))
		len = 1 + strnlen(path + 1, len - 1);
	if (path[0] != '\0' && path[0] != '/')
		return EINVAL; /* relative to which directory? */
	if (len > sizeof(addr->path) ||
	    (path[0] == '\0' ? len < 2 : len > BSOCK_ADDR_PATH_MAX))
		return EINVAL;
	memcpy(addr->path, path, len);
	addr->pathlen = (uint32_t)len;
	return 0;
}

/* Family, socket type and protocol; the protocol made canonical. */
static int
set_kind(struct bsock_addr *addr, int family, int socktype, int protocol)
{
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return EAFNOSUPPORT;
	if (!bsock_kind_is_socktype((uint32_t)socktype))
		return ESOCKTNOSUPPORT;
	addr->family = (uint16_t)family;
	addr->socktype = (uint32_t)socktype;
	if (family == AF_UNIX)
		return protocol == 0 ? 0 : EPROTONOSUPPORT;
	if (protocol < 0 || protocol > BSOCK_KIND_PROTOCOL_MAX)
		return EPROTONOSUPPORT;
	addr->protocol = protocol != 0 ? (uint32_t)protocol
				       : bsock_kind_usual(addr->socktype);
	if (addr->protocol == 0 ||
	    !bsock_kind_fits(addr->protocol, addr->socktype))
		return EPROTONOSUPPORT;
	return 0;
}

int
bsock_addr_from_sockaddr(struct bsock_addr *addr, int family, int socktype,
    int protocol, const void *sa, size_t salen)
{
	sa_family_t sa_family;
	int error;

	memset(addr, 0, sizeof(*addr));
	error = set_kind(addr, family, socktype, protocol);
	if (error != 0)
		return error;
	if (salen < offsetof(struct sockaddr, sa_data))
		return EINVAL;
	memcpy(&sa_family,
	    (const char *)sa + offsetof(struct sockaddr, sa_family),
	    sizeof(sa_family));
	if (sa_family != family)
		return EINVAL;
	switch (family) {
	case AF_INET:
		return from_inet(addr, sa, salen);
	case AF_INET6:
		return from_inet6(addr, sa, salen);
	default:
		return from_unix(addr, sa, salen);
	}
}

socklen_t
bsock_addr_to_sockaddr(
    const struct bsock_addr *addr, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = addr->family;
	if (addr->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		in->sin_port = htons(addr->port);
		memcpy(&in->sin_addr, addr->host, 4);
		return sizeof(*in);
	}
	if (addr->family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

		in6->sin6_port = htons(addr->port);
		memcpy(&in6->sin6_addr, addr->host, 16);
		in6->sin6_scope_id = addr->scope;
		return sizeof(*in6);
	}
	struct sockaddr_un *un = (struct sockaddr_un *)ss;
	socklen_t len = offsetof(struct sockaddr_un, sun_path);

	memcpy(un->sun_path, addr->path, addr->pathlen);
	/* A named path is passed with its NUL. */
	return len + addr->pathlen + (addr->path[0] != '\0');
}

bool
bsock_addr_is_v4mapped(const struct bsock_addr *addr)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return addr->family == AF_INET6 &&
	       memcmp(addr->host, prefix, sizeof(prefix)) == 0;
}

bool
bsock_addr_is_inet(const struct bsock_addr *addr)
{
	return addr->family == AF_INET || addr->family == AF_INET6;
}

bool
bsock_addr_is_wildcard(const struct bsock_addr *addr)
{
	static const uint8_t zero[16];

	return addr->family != AF_UNIX &&
	       memcmp(addr->host, zero, sizeof(zero)) == 0;
}

void
bsock_addr_key(const struct bsock_addr *addr, struct bsock_addr *key)
{
	*key = *addr;
	if (bsock_addr_is_v4mapped(addr)) {
		key->family = AF_INET;
		memset(key->host, 0, sizeof(key->host));
		memcpy(key->host, addr->host + 12, 4);
	}
	if (key->protocol == IPPROTO_MPTCP)
		key->protocol = IPPROTO_TCP;
}

bool
bsock_addr_equal(const struct bsock_addr *a, const struct bsock_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

uint64_t
bsock_addr_hash(const struct bsock_addr *addr, uint64_t seed)
{
	uint64_t word[2];
	uint64_t h = mix(seed, (uint64_t)addr->family << 48 |
				   (uint64_t)addr->socktype << 40 |
				   (uint64_t)addr->protocol << 24 | addr->port);

	if (addr->family == AF_UNIX) {
		for (uint32_t i = 0; i < addr->pathlen; i++)
			h = mix(h, (uint8_t)addr->path[i]);
		return h;
	}
	memcpy(word, addr->host, sizeof(word));
	h = mix(h, word[0]);
	h = mix(h, word[1]);
	return mix(h, addr->scope);
}
