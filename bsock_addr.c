#include "bsock_addr.h"

#include <sys/un.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bsock_compat.h"
#include "bsock_text.h"

struct name {
	const char *name;
	uint32_t value;
};

/* The first name of a value is the canonical one. */
static const struct name families[] = {
    {"AF_INET", AF_INET},
    {"AF_INET6", AF_INET6},
    {"AF_UNIX", AF_UNIX},
    {"PF_INET", AF_INET},
    {"PF_INET6", AF_INET6},
    {"AF_LOCAL", AF_UNIX},
    {"PF_UNIX", AF_UNIX},
    {"PF_LOCAL", AF_UNIX},
    {NULL, 0},
};

static const struct name socktypes[] = {
    {"SOCK_STREAM", SOCK_STREAM},
    {"SOCK_DGRAM", SOCK_DGRAM},
    {"SOCK_SEQPACKET", SOCK_SEQPACKET},
    {"SOCK_RDM", SOCK_RDM},
    {"SOCK_DCCP", SOCK_DCCP},
    {NULL, 0},
};

/* What each protocol can be, and which one is meant by 0. */
static const struct protocol {
	const char *name;
	uint32_t protocol;
	uint32_t socktype[2];
	uint32_t usual_for;
} protocols[] = {
    {"tcp", IPPROTO_TCP, {SOCK_STREAM, SOCK_STREAM}, SOCK_STREAM},
    {"udp", IPPROTO_UDP, {SOCK_DGRAM, SOCK_DGRAM}, SOCK_DGRAM},
    {"sctp", IPPROTO_SCTP, {SOCK_SEQPACKET, SOCK_STREAM}, SOCK_SEQPACKET},
    {"dccp", IPPROTO_DCCP, {SOCK_DCCP, SOCK_DCCP}, SOCK_DCCP},
    {"udplite", IPPROTO_UDPLITE, {SOCK_DGRAM, SOCK_DGRAM}, 0},
    {"mptcp", IPPROTO_MPTCP, {SOCK_STREAM, SOCK_STREAM}, 0},
};

#define PROTOCOLS    (sizeof(protocols) / sizeof(protocols[0]))
#define PROTOCOL_MAX 511 /* beyond every IPPROTO_* */

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
    const struct name *table, const char *what, uint32_t *value)
{
	for (const struct name *n = table; n->name != NULL; n++) {
		if (field_is(f, n->name)) {
			*value = n->value;
			return 0;
		}
	}
	for (const struct name *n = table; n->name != NULL; n++)
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
	return parse_name(p, f, socktypes, "socket type", &addr->socktype);
}

static const struct protocol *
protocol_by_number(uint32_t protocol)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (protocols[i].protocol == protocol)
			return &protocols[i];
	return NULL;
}

/* The protocol that socket(2) takes for 0; 0 when there is none. */
static uint32_t
protocol_usual(uint32_t socktype)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (protocols[i].usual_for == socktype)
			return protocols[i].protocol;
	return 0;
}

/* Can a socket of this type speak it?  Unknown protocols: the kernel says. */
static bool
protocol_fits(uint32_t protocol, uint32_t socktype)
{
	const struct protocol *k = protocol_by_number(protocol);

	return k == NULL || k->socktype[0] == socktype ||
	       k->socktype[1] == socktype;
}

static int
protocol_value(const struct parser *p, const struct bsock_addr_field *f,
    uint32_t *protocol)
{
	char name[64];

	if (field_is_digits(f)) {
		if (field_number(f, PROTOCOL_MAX, protocol))
			return 0;
		return wrong(p, f, false, "protocol %.*s is above %d", SHOWN(f),
		    PROTOCOL_MAX);
	}
	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (field_is(f, protocols[i].name)) {
			*protocol = protocols[i].protocol;
			return 0;
		}
	}
	if (p->names == NULL)
		return wrong(
		    p, f, false, "unknown protocol \"%.*s\"", SHOWN(f));
	if (field_string(f, name, sizeof(name)) &&
	    p->names->protocol(name, protocol) == 0)
		return 0;
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (field_is_nearly(f, protocols[i].name))
			return wrong(p, f, false,
			    "unknown protocol \"%.*s\": write %s", SHOWN(f),
			    protocols[i].name);
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
		addr->protocol = protocol_usual(addr->socktype);
	if (addr->protocol == 0)
		return wrong(p, f, false,
		    "this socket type has no usual protocol: name one");
	if (!protocol_fits(addr->protocol, addr->socktype))
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

static bool
is_link_local(const uint8_t host[16])
{
	return (host[0] == 0xfe && (host[1] & 0xc0) == 0x80) ||
	       (host[0] == 0xff && (host[1] & 0x0f) == 0x02);
}

/* The interface behind '%': an index, or a name where names are looked up. */
static int
parse_scope(const struct parser *p, const struct bsock_addr_field *whole,
    const struct bsock_addr_field *f, struct bsock_addr *addr)
{
	char name[64];

	if (!is_link_local(addr->host))
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
	if (parse_name(&p, &fields[0], families, "family", &family) != 0)
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

static const char *
name_of(const struct name *table, uint32_t value)
{
	for (const struct name *n = table; n->name != NULL; n++)
		if (n->value == value)
			return n->name;
	return "?";
}

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
	const struct protocol *known = protocol_by_number(addr->protocol);
	char line[BSOCK_ADDR_STRLEN];
	struct bsock_text t = {.buf = line, .size = sizeof(line)};

	text_word(&t, name_of(families, addr->family));
	text_word(&t, name_of(socktypes, addr->socktype));
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
	if (is_link_local(addr->host))
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

static bool
is_socktype(uint32_t socktype)
{
	for (const struct name *n = socktypes; n->name != NULL; n++)
		if (n->value == socktype)
			return true;
	return false;
}

/* Family, socket type and protocol; the protocol made canonical. */
static int
set_kind(struct bsock_addr *addr, int family, int socktype, int protocol)
{
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return EAFNOSUPPORT;
	if (!is_socktype((uint32_t)socktype))
		return ESOCKTNOSUPPORT;
	addr->family = (uint16_t)family;
	addr->socktype = (uint32_t)socktype;
	if (family == AF_UNIX)
		return protocol == 0 ? 0 : EPROTONOSUPPORT;
	if (protocol < 0 || protocol > PROTOCOL_MAX)
		return EPROTONOSUPPORT;
	addr->protocol =
	    protocol != 0 ? (uint32_t)protocol : protocol_usual(addr->socktype);
	if (addr->protocol == 0 ||
	    !protocol_fits(addr->protocol, addr->socktype))
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
