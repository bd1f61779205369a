/*
 * bsock_addr_parse - the text of an address, field by field
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_addr.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bsock_compat.h"
#include "bsock_kind.h"

/* What the functions that read one field work on. */
struct parser {
	const char *line;
	const struct bsock_addr_names *names;
	struct bsock_addr_error *error;
};

static int wrong(const struct parser *p, const struct bsock_addr_field *f,
    bool unresolved, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Records what is wrong with a field; always returns -1. */
static int
wrong(const struct parser *p, const struct bsock_addr_field *f, bool unresolved,
    const char *fmt, ...)
{
	struct bsock_addr_error *error = p->error;
	va_list ap;

	if (error == NULL)
		return -1;
	error->column = (size_t)(f->text - p->line);
	error->unresolved = unresolved;
	va_start(ap, fmt);
	(void)vsnprintf(error->reason, sizeof(error->reason), fmt, ap);
	va_end(ap);
	for (char *c = error->reason; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return -1;
}

#define SHOWN(f) (int)((f)->len < 40 ? (f)->len : 40), (f)->text

static bool
field_is(const struct bsock_addr_field *f, const char *word)
{
	return f->len == strlen(word) && memcmp(f->text, word, f->len) == 0;
}

static bool
field_is_nearly(const struct bsock_addr_field *f, const char *word)
{
	return f->len == strlen(word) &&
	       strncasecmp(f->text, word, f->len) == 0;
}

/* The word without its AF_ or SOCK_, in whatever case. */
static bool
field_is_tail(const struct bsock_addr_field *f, const char *word)
{
	const char *tail = strchr(word, '_');

	return tail != NULL && field_is_nearly(f, tail + 1);
}

/* Copies a field to a string; false when it does not fit. */
static bool
field_string(const struct bsock_addr_field *f, char *buf, size_t size)
{
	if (f->len >= size || memchr(f->text, '\0', f->len) != NULL)
		return false;
	memcpy(buf, f->text, f->len);
	buf[f->len] = '\0';
	return true;
}

static bool
field_is_digits(const struct bsock_addr_field *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->text[i] < '0' || f->text[i] > '9')
			return false;
	return f->len > 0;
}

/* A decimal number up to max; false when it is larger. */
static bool
field_number(const struct bsock_addr_field *f, uint64_t max, uint32_t *number)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->len; i++) {
		n = n * 10 + (uint64_t)(f->text[i] - '0');
		if (n > max)
			return false;
	}
	*number = (uint32_t)n;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t
bsock_addr_split(
    const char *text, size_t len, struct bsock_addr_field *fields, size_t max)
{
	size_t n = 0, i = 0;

	for (;;) {
		while (i < len && is_blank(text[i]))
			i++;
		if (i == len)
			return n;
		size_t start = i;
		while (i < len && !is_blank(text[i]))
			i++;
		if (n < max) {
			fields[n].text = text + start;
			fields[n].len = i - start;
		}
		n++;
	}
}

/* Looks a word up in a table; suggests the canonical spelling of a near one. */
static int
parse_name(const struct parser *p, const struct bsock_addr_field *f,
    const struct bsock_kind_name *table, const char *what, uint32_t *value)
{
	for (const struct bsock_kind_name *n = table; n->name != NULL; n++) {
		if (field_is(f, n->name)) {
			*value = n->value;
			return 0;
		}
	}
	for (const struct bsock_kind_name *n = table; n->name != NULL; n++)
		if (field_is_nearly(f, n->name) || field_is_tail(f, n->name))
			return wrong(p, f, false,
			    "unknown %s \"%.*s\": write %s", what, SHOWN(f),
			    n->name);
	return wrong(p, f, false, "unknown %s \"%.*s\" (%s, %s or %s)", what,
	    SHOWN(f), table[0].name, table[1].name, table[2].name);
}

static int
parse_socktype(const struct parser *p, const struct bsock_addr_field *f,
    struct bsock_addr *addr)
{
	if (field_is(f, "SOCK_RAW") || field_is(f, "SOCK_PACKET"))
		return wrong(p, f, false,
		    "%.*s has no port to hand out: it needs CAP_NET_RAW, which "
		    "bsock does not give",
		    SHOWN(f));
	return parse_name(
	    p, f, bsock_kind_socktypes, "socket type", &addr->socktype);
}

static int
protocol_value(const struct parser *p, const struct bsock_addr_field *f,
    uint32_t *protocol)
{
	char name[64];

	if (field_is_digits(f)) {
		if (field_number(f, BSOCK_KIND_PROTOCOL_MAX, protocol))
			return 0;
		return wrong(p, f, false, "protocol %.*s is above %d", SHOWN(f),
		    BSOCK_KIND_PROTOCOL_MAX);
	}
	for (size_t i = 0; i < BSOCK_KIND_PROTOCOLS; i++) {
		if (field_is(f, bsock_kind_protocols[i].name)) {
			*protocol = bsock_kind_protocols[i].protocol;
			return 0;
		}
	}
	if (p->names == NULL)
		return wrong(
		    p, f, false, "unknown protocol \"%.*s\"", SHOWN(f));
	if (field_string(f, name, sizeof(name)) &&
	    p->names->protocol(name, protocol) == 0)
		return 0;
	for (size_t i = 0; i < BSOCK_KIND_PROTOCOLS; i++)
		if (field_is_nearly(f, bsock_kind_protocols[i].name))
			return wrong(p, f, false,
			    "unknown protocol \"%.*s\": write %s", SHOWN(f),
			    bsock_kind_protocols[i].name);
	return wrong(p, f, true, "unknown protocol \"%.*s\" (see protocols(5))",
	    SHOWN(f));
}

static int
parse_protocol(const struct parser *p, const struct bsock_addr_field *f,
    struct bsock_addr *addr)
{
	if (protocol_value(p, f, &addr->protocol) != 0)
		return -1;
	if (addr->family == AF_UNIX) {
		if (addr->protocol == 0)
			return 0;
		return wrong(p, f, false, "the protocol of AF_UNIX is 0");
	}
	if (addr->protocol == 0)
		addr->protocol = bsock_kind_usual(addr->socktype);
	if (addr->protocol == 0)
		return wrong(p, f, false,
		    "this socket type has no usual protocol: name one");
	if (!bsock_kind_fits(addr->protocol, addr->socktype))
		return wrong(p, f, false,
		    "protocol %.*s does not go with this socket type",
		    SHOWN(f));
	return 0;
}

static int
parse_port(const struct parser *p, const struct bsock_addr_field *f,
    struct bsock_addr *addr)
{
	uint32_t number;
	char name[64];

	if (field_is_digits(f)) {
		if (!field_number(f, 65535, &number))
			return wrong(p, f, false,
			    "port %.*s is not in 0..65535", SHOWN(f));
		if (addr->family == AF_UNIX && number != 0)
			return wrong(p, f, false, "the port of AF_UNIX is 0");
		addr->port = (uint16_t)number;
		return 0;
	}
	if (memchr(f->text, '-', f->len) != NULL && f->text[0] >= '0' &&
	    f->text[0] <= '9')
		return wrong(p, f, false,
		    "\"%.*s\": one port a line, there are no ranges", SHOWN(f));
	if (p->names == NULL || addr->family == AF_UNIX)
		return wrong(
		    p, f, false, "port \"%.*s\" is not a number", SHOWN(f));
	if (field_string(f, name, sizeof(name)) &&
	    p->names->service(name, addr->protocol, &addr->port) == 0)
		return 0;
	return wrong(p, f, true,
	    "unknown service \"%.*s\" for this protocol (see services(5))",
	    SHOWN(f));
}

/* The interface behind '%': an index, or a name where names are looked up. */
static int
parse_scope(const struct parser *p, const struct bsock_addr_field *whole,
    const struct bsock_addr_field *f, struct bsock_addr *addr)
{
	char name[64];

	if (!bsock_addr_is_link_local(addr->host))
		return wrong(p, whole, false,
		    "only a link-local address (fe80::...) takes %%scope");
	if (field_is_digits(f)) {
		if (field_number(f, UINT32_MAX, &addr->scope) &&
		    addr->scope != 0)
			return 0;
		return wrong(
		    p, f, false, "\"%.*s\" is no interface index", SHOWN(f));
	}
	if (p->names == NULL)
		return wrong(
		    p, f, false, "scope \"%.*s\" is not a number", SHOWN(f));
	if (field_string(f, name, sizeof(name)) && name[0] != '\0' &&
	    p->names->interface(name, &addr->scope) == 0)
		return 0;
	return wrong(p, f, true, "no interface \"%.*s\"", SHOWN(f));
}

static int
parse_ipv4(const struct parser *p, const struct bsock_addr_field *f,
    struct bsock_addr *addr)
{
	char text[INET_ADDRSTRLEN];
	uint8_t host6[16];
	char text6[INET6_ADDRSTRLEN];

	if (field_string(f, text, sizeof(text)) &&
	    inet_pton(AF_INET, text, addr->host) == 1)
		return 0;
	memset(addr->host, 0, sizeof(addr->host));
	if (field_string(f, text6, sizeof(text6)) &&
	    inet_pton(AF_INET6, text6, host6) == 1)
		return wrong(p, f, false,
		    "\"%.*s\" is an IPv6 address: the family is AF_INET6",
		    SHOWN(f));
	if (memchr(f->text, '/', f->len) != NULL)
		return wrong(p, f, false,
		    "\"%.*s\": one address a line, there are no networks",
		    SHOWN(f));
	if (field_is(f, "*"))
		return wrong(p, f, false, "every IPv4 address is 0.0.0.0");
	return wrong(
	    p, f, false, "\"%.*s\" is not a numeric IPv4 address", SHOWN(f));
}

static int
parse_ipv6(const struct parser *p, const struct bsock_addr_field *f,
    struct bsock_addr *addr)
{
	const char *percent = memchr(f->text, '%', f->len);
	struct bsock_addr_field host = *f;
	char text[INET6_ADDRSTRLEN];
	uint8_t host4[4];

	if (percent != NULL)
		host.len = (size_t)(percent - f->text);
	if (!field_string(&host, text, sizeof(text)) ||
	    inet_pton(AF_INET6, text, addr->host) != 1) {
		memset(addr->host, 0, sizeof(addr->host));
		if (field_string(&host, text, sizeof(text)) &&
		    inet_pton(AF_INET, text, host4) == 1)
			return wrong(p, f, false,
			    "\"%.*s\" is an IPv4 address: the family is "
			    "AF_INET (or write ::ffff:%s)",
			    SHOWN(f), text);
		if (memchr(f->text, '/', f->len) != NULL)
			return wrong(p, f, false,
			    "\"%.*s\": one address a line, there are no "
			    "networks",
			    SHOWN(f));
		if (field_is(f, "*"))
			return wrong(p, f, false, "every IPv6 address is ::");
		if (f->len > 0 && f->text[0] == '[')
			return wrong(p, f, false,
			    "\"%.*s\": an address stands without brackets",
			    SHOWN(f));
		return wrong(p, f, false,
		    "\"%.*s\" is not a numeric IPv6 address", SHOWN(f));
	}
	if (percent == NULL)
		return 0;
	host.text = percent + 1;
	host.len = f->len - (size_t)(host.text - f->text);
	return parse_scope(p, f, &host, addr);
}

/* "/a//b", "/a/../b" and "/a/" are other spellings of what a rule names. */
static bool
path_is_canonical(const char *path, size_t len)
{
	size_t start = 1;

	for (size_t i = 1; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		size_t part = i - start;
		if (part == 0 || (part == 1 && path[start] == '.') ||
		    (part == 2 && path[start] == '.' && path[start + 1] == '.'))
			return false;
		start = i + 1;
	}
	return true;
}

static int
parse_unix(const struct parser *p, const struct bsock_addr_field *f,
    struct bsock_addr *addr)
{
	size_t len = f->len;

	if (memchr(f->text, '\0', len) != NULL)
		return wrong(p, f, false, "a NUL byte in the path");
	if (f->text[0] == '@') {
		if (len < 2 || len - 1 > BSOCK_ADDR_PATH_MAX)
			return wrong(p, f, false,
			    "an abstract name has 1 to %d bytes",
			    BSOCK_ADDR_PATH_MAX);
		memcpy(addr->path + 1, f->text + 1, len - 1);
		addr->pathlen = (uint32_t)len;
		return 0;
	}
	if (f->text[0] != '/')
		return wrong(p, f, false,
		    "\"%.*s\" is neither an absolute path nor @name", SHOWN(f));
	if (len > BSOCK_ADDR_PATH_MAX)
		return wrong(p, f, false, "the path is longer than %d bytes",
		    BSOCK_ADDR_PATH_MAX);
	if (!path_is_canonical(f->text, len))
		return wrong(p, f, false,
		    "the path is not canonical (\"//\", \".\", \"..\" or a "
		    "final \"/\")");
	memcpy(addr->path, f->text, len);
	addr->pathlen = (uint32_t)len;
	return 0;
}

int
bsock_addr_parse(struct bsock_addr *addr, const char *line,
    const struct bsock_addr_field fields[5],
    const struct bsock_addr_names *names, struct bsock_addr_error *error)
{
	const struct parser p = {line, names, error};
	uint32_t family = 0;

	memset(addr, 0, sizeof(*addr));
	if (parse_name(
		&p, &fields[0], bsock_kind_families, "family", &family) != 0)
		return -1;
	addr->family = (uint16_t)family;
	if (parse_socktype(&p, &fields[1], addr) != 0 ||
	    parse_protocol(&p, &fields[2], addr) != 0 ||
	    parse_port(&p, &fields[3], addr) != 0)
		return -1;
	switch (addr->family) {
	case AF_INET:
		return parse_ipv4(&p, &fields[4], addr);
	case AF_INET6:
		return parse_ipv6(&p, &fields[4], addr);
	default:
		return parse_unix(&p, &fields[4], addr);
	}
}
