/*
 * bsock_addr - an address: family, socket type, protocol, port, host
 *
 * Pure: no I/O, no allocation, no state.  Text is read and written by one
 * parser for everybody: the config files (with names), a client's text
 * request, libbsock and the tools (numbers only).
 */
#ifndef BSOCK_ADDR_H
#define BSOCK_ADDR_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BSOCK_ADDR_PATH_MAX 107 /* bytes of a unix path or @name */
#define BSOCK_ADDR_STRLEN   256 /* longest canonical text, with its NUL */

/* No padding, unused bytes are zero: two equal addresses are equal bytes. */
struct bsock_addr {
	uint16_t family; /* AF_INET, AF_INET6, AF_UNIX */
	uint16_t port;   /* host byte order; 0 for AF_UNIX */
	uint32_t socktype;
	uint32_t protocol; /* AF_INET, AF_INET6: never 0 */
	uint32_t scope;    /* interface index, link-local AF_INET6 only */
	uint8_t host[16];  /* network byte order; AF_INET uses the first 4 */
	uint32_t pathlen;  /* AF_UNIX: bytes in path */
	char path[108];    /* AF_UNIX; abstract names begin with a NUL */
};

/* How a field that is not a number is turned into one, in host byte order.
 * Each returns 0, or -1 when the name is unknown. */
struct bsock_addr_names {
	int (*protocol)(const char *name, uint32_t *protocol);
	int (*service)(const char *name, uint32_t protocol, uint16_t *port);
	int (*interface)(const char *name, uint32_t *index);
};

struct bsock_addr_error {
	size_t column;    /* 0 = first byte of the text */
	bool unresolved;  /* well-formed, but a name that nobody knows */
	char reason[160]; /* what is wrong and what to do, one line */
};

/* One blank-separated word of a line. */
struct bsock_addr_field {
	const char *text;
	size_t len;
};

/*
 * Split text at blanks (spaces and tabs) into at most max fields; returns
 * the number of fields there are, which can be more than max.
 */
size_t bsock_addr_split(
    const char *text, size_t len, struct bsock_addr_field *fields, size_t max);

/*
 * Read family, socket type, protocol, port and address from five fields.
 * Without names (NULL) only numbers and tcp udp sctp dccp udplite mptcp are
 * understood.  Columns count from line.  Returns 0, or -1 with *error filled
 * in (error may be NULL).
 */
int bsock_addr_parse(struct bsock_addr *addr, const char *line,
    const struct bsock_addr_field fields[5],
    const struct bsock_addr_names *names, struct bsock_addr_error *error);

/*
 * Write the canonical line ("AF_INET SOCK_STREAM tcp 80 0.0.0.0") and a NUL.
 * Returns its length; BSOCK_ADDR_STRLEN bytes always suffice.  Bytes of a
 * unix path are copied as they are.
 */
size_t bsock_addr_format(const struct bsock_addr *addr, char *buf, size_t size);

/*
 * From and to the kernel's form.  from: family, socket type and protocol as
 * given (protocol 0 becomes the usual one), sa's own family must agree;
 * returns 0 or an errno value: EINVAL, EAFNOSUPPORT, EPROTONOSUPPORT,
 * ESOCKTNOSUPPORT.  to: every byte of *ss is written, returns the length.
 */
int bsock_addr_from_sockaddr(struct bsock_addr *addr, int family, int socktype,
    int protocol, const void *sa, size_t salen);
socklen_t bsock_addr_to_sockaddr(
    const struct bsock_addr *addr, struct sockaddr_storage *ss);

/*
 * The form under which rules and reservations are looked up: a v4-mapped
 * AF_INET6 address is its AF_INET address, MPTCP is TCP (same ports).
 */
void bsock_addr_key(const struct bsock_addr *addr, struct bsock_addr *key);

bool bsock_addr_is_inet(const struct bsock_addr *addr); /* 4 or 6 */
/* fe80::/10; ::ffff:a.b.c.d; 0.0.0.0 or :: (but not ::ffff:0.0.0.0: that is
 * one as a key). */
bool bsock_addr_is_link_local(const uint8_t host[16]);
bool bsock_addr_is_v4mapped(const struct bsock_addr *addr);
bool bsock_addr_is_wildcard(const struct bsock_addr *addr);

/* In every field. */
bool bsock_addr_equal(const struct bsock_addr *a, const struct bsock_addr *b);

/* Not the same from one version to the next. */
uint64_t bsock_addr_hash(const struct bsock_addr *addr, uint64_t seed);

#endif
