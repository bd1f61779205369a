/*
 * bsock_config_line - one line of a config file, judged
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_config_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_names.h"

static void complain(struct bsock_config_reader *r,
    enum bsock_config_severity severity, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
count(struct bsock_config *config, enum bsock_config_severity severity)
{
	switch (severity) {
	case BSOCK_CONFIG_ERROR:
		config->errors++;
		break;
	case BSOCK_CONFIG_UNRESOLVED:
		config->unresolved++;
		break;
	case BSOCK_CONFIG_WARNING:
		config->warnings++;
		break;
	}
}

/* Reports something about the line; column counts from 0. */
static void
complain(struct bsock_config_reader *r, enum bsock_config_severity severity,
    size_t column, const char *fmt, ...)
{
	char reason[256], text[768];
	va_list ap;

	count(r->config, severity);
	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	/* Names are quoted as they are, and this goes to terminals. */
	for (char *c = reason; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	(void)snprintf(text, sizeof(text), "%s:%u:%zu: %s%s", r->path, r->line,
	    column + 1, severity == BSOCK_CONFIG_WARNING ? "warning: " : "",
	    reason);
	r->options->report(r->options->ctx, severity, text);
}

/* The same for the file as a whole. */
void
bsock_config_line_file_error(
    struct bsock_config_reader *r, const char *what, const char *why)
{
	char text[768];

	count(r->config, BSOCK_CONFIG_ERROR);
	(void)snprintf(text, sizeof(text), "%s: %s: %s", r->path, what, why);
	r->options->report(r->options->ctx, BSOCK_CONFIG_ERROR, text);
}

/* A line that does not resolve today may at the next reload: what it could
 * need is kept for it. */
static void
needs_of_unresolved(struct bsock_config_reader *r)
{
	r->config->needs |=
	    r->options->allowed_needs &
	    (BSOCK_CONFIG_NEEDS_LOW_PORT | BSOCK_CONFIG_NEEDS_CHOWN);
}

static void
complain_parse(
    struct bsock_config_reader *r, const struct bsock_addr_error *error)
{
	if (error->unresolved) {
		complain(r, BSOCK_CONFIG_UNRESOLVED, error->column,
		    "%s: this line is off", error->reason);
		needs_of_unresolved(r);
	} else
		complain(
		    r, BSOCK_CONFIG_ERROR, error->column, "%s", error->reason);
}

static size_t
column_of(const struct bsock_config_reader *r, const struct bsock_addr_field *f)
{
	return (size_t)(f->text - r->text);
}

static bool
all_digits(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return len > 0;
}

/* A uid or gid in decimal; false above 4294967294. */
static bool
parse_id(const char *s, size_t len, uint32_t *id)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n = n * 10 + (uint64_t)(s[i] - '0');
		if (n >= UINT32_MAX)
			return false;
	}
	*id = (uint32_t)n;
	return true;
}

/* The first field of a rule: name, uid or @group. */
static int
parse_who(struct bsock_config_reader *r, const struct bsock_addr_field *f,
    struct bsock_authz_principal *who)
{
	bool group = f->text[0] == '@';
	const char *name = f->text + group;
	size_t len = f->len - group;
	char buf[256];

	who->kind = group ? BSOCK_AUTHZ_GID : BSOCK_AUTHZ_UID;
	if (len == 0 || len >= sizeof(buf)) {
		complain(r, BSOCK_CONFIG_ERROR, column_of(r, f),
		    "not a %s name", group ? "group" : "user");
		return -1;
	}
	if (all_digits(name, len)) {
		if (parse_id(name, len, &who->id))
			return 0;
		complain(r, BSOCK_CONFIG_ERROR, column_of(r, f),
		    "%s %.*s is not in 0..4294967294", group ? "gid" : "uid",
		    (int)(len < 40 ? len : 40), name);
		return -1;
	}
	memcpy(buf, name, len);
	buf[len] = '\0';
	if ((group ? bsock_names_group(buf, &who->id)
		   : bsock_names_user(buf, &who->id)) == 0)
		return 0;
	complain(r, BSOCK_CONFIG_UNRESOLVED, column_of(r, f),
	    "unknown %s \"%.40s\"%s: this line is off",
	    group ? "group" : "user", buf,
	    !group && bsock_names_group(buf, &who->id) == 0
		? " (there is a group of that name: write @ before it)"
		: "");
	return -1;
}

/* What everybody is told whose line has the wrong number of fields. */
static bool
right_fields(struct bsock_config_reader *r,
    const struct bsock_addr_field *fields, size_t n, size_t want,
    const char *names)
{
	if (n == want)
		return true;
	if (n > want && fields[want].text[0] == '#')
		complain(r, BSOCK_CONFIG_ERROR, column_of(r, &fields[want]),
		    "a comment stands on a line of its own");
	else if (n > want)
		complain(r, BSOCK_CONFIG_ERROR, column_of(r, &fields[want]),
		    "%zu fields too many: a line is \"%s\"", n - want, names);
	else
		complain(r, BSOCK_CONFIG_ERROR, r->len,
		    "%zu fields missing: a line is \"%s\"", want - n, names);
	return false;
}

/* Bytes that no line has; false and complained when there is one. */
bool
bsock_config_line_is_clean(struct bsock_config_reader *r)
{
	const char *bad;

	if ((bad = memchr(r->text, '\0', r->len)) != NULL)
		complain(r, BSOCK_CONFIG_ERROR, (size_t)(bad - r->text),
		    "a NUL byte");
	else if ((bad = memchr(r->text, '\r', r->len)) != NULL)
		complain(r, BSOCK_CONFIG_ERROR, (size_t)(bad - r->text),
		    "a carriage return: end lines with a newline only "
		    "(CRLF is of another system)");
	else if (r->len > BSOCK_CONFIG_LINE_MAX)
		complain(r, BSOCK_CONFIG_ERROR, BSOCK_CONFIG_LINE_MAX,
		    "the line is longer than %d bytes", BSOCK_CONFIG_LINE_MAX);
	else
		return true;
	return false;
}

/* Does binding it take a privilege, here or where the limit is the usual
 * one? */
static bool
is_low_port(const struct bsock_config_reader *r, const struct bsock_addr *addr)
{
	return addr->family != AF_UNIX &&
	       (addr->port < 1024 || addr->port < r->options->low_ports);
}

/* What the daemon must keep to serve this rule. */
static unsigned
rule_needs(const struct bsock_config_reader *r,
    const struct bsock_authz_principal *who, const struct bsock_addr *addr)
{
	unsigned needs = 0;

	if (is_low_port(r, addr))
		needs |= BSOCK_CONFIG_NEEDS_LOW_PORT;
	if (who->kind != BSOCK_AUTHZ_UID || who->id != r->options->own_uid)
		needs |= BSOCK_CONFIG_NEEDS_CHOWN;
	return needs;
}

/* Can this daemon still do what the line needs? */
static bool
within_needs(struct bsock_config_reader *r, size_t column, unsigned needs)
{
	unsigned more = needs & ~r->options->allowed_needs;

	if (more == 0) {
		r->config->needs |= needs;
		return true;
	}
	complain(r, BSOCK_CONFIG_UNRESOLVED, column,
	    "needs %s, which was given up at start: this line is off until a "
	    "restart",
	    (more & BSOCK_CONFIG_NEEDS_LOW_PORT) != 0 ? "CAP_NET_BIND_SERVICE"
						      : "CAP_CHOWN");
	return false;
}

void
bsock_config_line_rule(struct bsock_config_reader *r,
    const struct bsock_addr_field *fields, size_t n)
{
	struct bsock_authz_principal who;
	struct bsock_addr_error error;
	struct bsock_addr addr, key;
	uint32_t first;

	if (!right_fields(
		r, fields, n, 6, "user family socktype protocol port address"))
		return;
	int who_ok = parse_who(r, &fields[0], &who);
	if (bsock_addr_parse(
		&addr, r->text, fields + 1, &bsock_names_addr, &error) != 0) {
		complain_parse(r, &error);
		return;
	}
	if (who_ok != 0) {
		needs_of_unresolved(r);
		return;
	}
	if (addr.family == AF_UNIX && r->options->no_unix) {
		complain(r, BSOCK_CONFIG_UNRESOLVED, column_of(r, &fields[1]),
		    "AF_UNIX rules need a daemon that stays root "
		    "(no -u): this line is off");
		return;
	}
	if (!within_needs(
		r, column_of(r, &fields[4]), rule_needs(r, &who, &addr)))
		return;
	bsock_addr_key(&addr, &key);
	first = bsock_authz_add(r->config->authz, &who, &key, r->line);
	if (first != 0)
		complain(r, BSOCK_CONFIG_WARNING, column_of(r, &fields[0]),
		    "the same as line %u", first);
}

/* The line that reserves this already, or 0.  Reservations are few, and each
 * costs two sockets: a linear search is not what takes the time. */
static unsigned
reserved_before(const struct bsock_config *config, const struct bsock_addr *key)
{
	for (size_t i = 0; i < config->nreserved; i++)
		if (bsock_addr_equal(&config->reserved[i].addr, key))
			return config->reserved[i].line;
	return 0;
}

void
bsock_config_line_reservation(struct bsock_config_reader *r,
    const struct bsock_addr_field *fields, size_t n)
{
	struct bsock_addr_error error;
	struct bsock_resvaddr_line *to;
	struct bsock_addr addr, key;
	unsigned first;

	if (!right_fields(
		r, fields, n, 5, "family socktype protocol port address"))
		return;
	if (bsock_addr_parse(
		&addr, r->text, fields, &bsock_names_addr, &error) != 0) {
		complain_parse(r, &error);
		return;
	}
	if (addr.family != AF_UNIX && addr.port == 0) {
		complain(r, BSOCK_CONFIG_ERROR, column_of(r, &fields[3]),
		    "port 0 cannot be reserved");
		return;
	}
	if (addr.family == AF_UNIX && r->options->no_unix) {
		complain(r, BSOCK_CONFIG_UNRESOLVED, column_of(r, &fields[0]),
		    "AF_UNIX reservations need a daemon that stays root "
		    "(no -u): this line is off");
		return;
	}
	if (is_low_port(r, &addr) && !within_needs(r, column_of(r, &fields[3]),
					 BSOCK_CONFIG_NEEDS_LOW_PORT))
		return;
	bsock_addr_key(&addr, &key);
	first = reserved_before(r->config, &key);
	if (first != 0) {
		complain(r, BSOCK_CONFIG_WARNING, column_of(r, &fields[0]),
		    "the same as line %u", first);
		return;
	}
	to = &r->config->reserved[r->config->nreserved++];
	to->addr = key;
	to->line = r->line;
}
