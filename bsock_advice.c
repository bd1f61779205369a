/*
 * bsock_advice - what works, but not as somebody may think
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_bindresvport.h"
#include "bsock_compat.h"

#define EACH_MAX 10 /* more of one kind are counted, not printed */

enum kind { DUAL, POINTLESS, LOCAL_RANGE, BINDRESVPORT, NO_RULE, KINDS };

struct advice {
	const struct bsock_config *config;
	const struct bsock_config_options *options;
	unsigned unprivileged_start;
	unsigned local_first, local_last; /* 0, 0: not known */
	char local_reserved[4096];        /* "8080,9000-9010" */
	uint32_t search_line;             /* of the first rule for port 0 */
	bool ports[UINT16_MAX + 1];       /* of the reserved addresses */
	bool *claimable;                  /* by whom a rule names; each */
	unsigned long told[KINDS];
};

static void tell(struct advice *a, enum kind kind, const char *path,
    unsigned line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void
tell(struct advice *a, enum kind kind, const char *path, unsigned line,
    const char *fmt, ...)
{
	char reason[400], text[900];
	va_list ap;

	if (++a->told[kind] > EACH_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	(void)snprintf(
	    text, sizeof(text), "%s:%u:1: warning: %s", path, line, reason);
	a->options->report(a->options->ctx, BSOCK_CONFIG_WARNING, text);
}

static void
tell_how_many(struct advice *a, enum kind kind, const char *path)
{
	char text[900];

	if (a->told[kind] <= EACH_MAX)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s: warning: %lu more lines like the last one", path,
	    a->told[kind] - EACH_MAX);
	a->options->report(a->options->ctx, BSOCK_CONFIG_WARNING, text);
}

/* --- the system's settings --------------------------------------------- */

/* The text of a setting; "" when there is none. */
static void
read_setting(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : -1;

	buf[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

static void
read_settings(struct advice *a)
{
	char text[64], *end;

	read_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", text,
	    sizeof(text));
	a->unprivileged_start = 1024;
	if (text[0] >= '0' && text[0] <= '9')
		a->unprivileged_start = (unsigned)strtoul(text, NULL, 10);
	read_setting(
	    "/proc/sys/net/ipv4/ip_local_port_range", text, sizeof(text));
	a->local_first = (unsigned)strtoul(text, &end, 10);
	a->local_last = (unsigned)strtoul(end, NULL, 10);
	read_setting("/proc/sys/net/ipv4/ip_local_reserved_ports",
	    a->local_reserved, sizeof(a->local_reserved));
}

/* Is the port in a list like "8080,9000-9010"? */
static bool
list_has(const char *list, unsigned port)
{
	char *end;

	while (*list >= '0' && *list <= '9') {
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (port >= first && port <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

/* --- rules ------------------------------------------------------------- */

/* A rule for a reserved address is one by which it can be claimed. */
static bool
is_reserved(struct advice *a, const struct bsock_addr *key)
{
	const struct bsock_config *config = a->config;

	/* The look is a long one only for the rules that it is about. */
	for (size_t i = 0; a->ports[key->port] && i < config->nreserved; i++)
		if (bsock_addr_equal(&config->reserved[i].addr, key)) {
			a->claimable[i] = true;
			return true;
		}
	return false;
}

/* The same for IPv4: who has it too is not surprised. */
static bool
has_v4_too(const struct advice *a, const struct bsock_authz_principal *who,
    const struct bsock_addr *key)
{
	struct bsock_addr v4 = *key;

	v4.family = AF_INET;
	return bsock_authz_find(a->config->authz, who, &v4) != 0;
}

static void
look_at_rule(void *ctx, const struct bsock_authz_principal *who,
    const struct bsock_addr *key, uint32_t line)
{
	struct advice *a = ctx;
	const char *path = a->options->rules_path;
	bool reserved = is_reserved(a, key);

	if (key->family == AF_UNIX)
		return;
	if (key->port == 0 && a->search_line == 0)
		a->search_line = line;
	if (key->family == AF_INET6 && bsock_addr_is_wildcard(key) &&
	    !has_v4_too(a, who, key))
		tell(a, DUAL, path, line,
		    "\"::\" grants every IPv4 address of port %u too, unless "
		    "the program sets IPV6_V6ONLY",
		    key->port);
	if (key->port == 0 ? a->unprivileged_start <= BSOCK_BINDRESVPORT_FIRST
			   : key->port >= a->unprivileged_start && !reserved)
		tell(a, POINTLESS, path, line,
		    "everybody may bind port %u without a rule "
		    "(net.ipv4.ip_unprivileged_port_start is %u); to keep it "
		    "for this user, reserve the address",
		    key->port, a->unprivileged_start);
}

/* --- reserved addresses ------------------------------------------------ */

static void
look_at_reserved(
    struct advice *a, const struct bsock_resvaddr_line *r, bool claimable)
{
	const char *path = a->options->resvaddr_path;
	unsigned port = r->addr.port;

	if (!claimable)
		tell(a, NO_RULE, path, r->line,
		    "no rule in %s is for this address: nobody%s can claim it",
		    a->options->rules_path,
		    r->addr.family == AF_UNIX ? "" : " but root");
	if (r->addr.family == AF_UNIX)
		return;
	if (port >= a->local_first && port <= a->local_last &&
	    !list_has(a->local_reserved, port))
		tell(a, LOCAL_RANGE, path, r->line,
		    "port %u is one that outgoing connections get "
		    "(net.ipv4.ip_local_port_range): one may have it when "
		    "bsock starts; add it to "
		    "net.ipv4.ip_local_reserved_ports",
		    port);
	if (a->search_line != 0 && port >= BSOCK_BINDRESVPORT_FIRST &&
	    port <= BSOCK_BINDRESVPORT_LAST)
		tell(a, BINDRESVPORT, path, r->line,
		    "port %u is one that the rule for port 0 (%s:%u) gives "
		    "away; it leaves this one out",
		    port, a->options->rules_path, a->search_line);
}

void
bsock_advice(const struct bsock_config *config,
    const struct bsock_config_options *options)
{
	struct advice a = {.config = config, .options = options};

	a.claimable = calloc(config->nreserved + 1, sizeof(*a.claimable));
	if (a.claimable == NULL)
		return;
	for (size_t i = 0; i < config->nreserved; i++)
		a.ports[config->reserved[i].addr.port] = true;
	read_settings(&a);
	bsock_authz_each(config->authz, look_at_rule, &a);
	for (size_t i = 0; i < config->nreserved; i++)
		look_at_reserved(&a, &config->reserved[i], a.claimable[i]);
	free(a.claimable);
	tell_how_many(&a, DUAL, options->rules_path);
	tell_how_many(&a, POINTLESS, options->rules_path);
	tell_how_many(&a, LOCAL_RANGE, options->resvaddr_path);
	tell_how_many(&a, BINDRESVPORT, options->resvaddr_path);
	tell_how_many(&a, NO_RULE, options->resvaddr_path);
}
