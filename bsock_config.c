#include "bsock_config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_file.h"
#include "bsock_names.h"

#define FIELDS_MAX 7 /* one more than any line has, to see a trailing one */

/* The state of reading one file. */
struct reader {
	const struct bsock_config_options *options;
	struct bsock_config *config;
	const char *path;
	const char *text; /* the line, not terminated */
	size_t len;
	unsigned line;
};

static void complain(struct reader *r, enum bsock_config_severity severity,
    size_t column, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

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
complain(struct reader *r, enum bsock_config_severity severity, size_t column,
    const char *fmt, ...)
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
static void
complain_file(struct reader *r, const char *what, const char *why)
{
	char text[768];

	count(r->config, BSOCK_CONFIG_ERROR);
	(void)snprintf(text, sizeof(text), "%s: %s: %s", r->path, what, why);
	r->options->report(r->options->ctx, BSOCK_CONFIG_ERROR, text);
}

/* A line that does not resolve today may at the next reload: what it could
 * need is kept for it. */
static void
needs_of_unresolved(struct reader *r)
{
	r->config->needs |=
	    r->options->allowed_needs &
	    (BSOCK_CONFIG_NEEDS_LOW_PORT | BSOCK_CONFIG_NEEDS_CHOWN);
}

static void
complain_parse(struct reader *r, const struct bsock_addr_error *error)
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
column_of(const struct reader *r, const struct bsock_addr_field *f)
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
parse_who(struct reader *r, const struct bsock_addr_field *f,
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
right_fields(struct reader *r, const struct bsock_addr_field *fields, size_t n,
    size_t want, const char *names)
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
static bool
right_bytes(struct reader *r)
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
is_low_port(const struct reader *r, const struct bsock_addr *addr)
{
	return addr->family != AF_UNIX &&
	       (addr->port < 1024 || addr->port < r->options->low_ports);
}

/* What the daemon must keep to serve this rule. */
static unsigned
rule_needs(const struct reader *r, const struct bsock_authz_principal *who,
    const struct bsock_addr *addr)
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
within_needs(struct reader *r, size_t column, unsigned needs)
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

static void
read_rule(struct reader *r, const struct bsock_addr_field *fields, size_t n)
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

static void
read_reservation(
    struct reader *r, const struct bsock_addr_field *fields, size_t n)
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

typedef void read_line(
    struct reader *r, const struct bsock_addr_field *fields, size_t n);

/* Calls fn for each line that is neither blank nor a comment. */
static void
read_lines(struct reader *r, const struct bsock_file *file, read_line *fn)
{
	const char *p = file->data, *end = file->data + file->len;
	struct bsock_addr_field fields[FIELDS_MAX];

	for (; p < end; p = r->text + r->len + 1) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n;

		r->line++;
		r->text = p;
		r->len = (size_t)((newline != NULL ? newline : end) - p);
		if (!right_bytes(r))
			continue;
		n = bsock_addr_split(p, r->len, fields, FIELDS_MAX);
		if (n > 0 && fields[0].text[0] != '#')
			fn(r, fields, n);
	}
}

static size_t
lines_in(const struct bsock_file *file)
{
	const char *p = file->data, *end = file->data + file->len;
	size_t n = 1;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

/* Opens and reads a file; false and complained when it cannot be trusted. */
static bool
read_file(struct reader *r, bool may_be_missing, struct bsock_file *file)
{
	const char *why;
	int fd = bsock_file_open(r->path, &why);
	bool done = false;

	file->data = NULL;
	file->len = 0;
	if (fd < 0) {
		if (errno == ENOENT && may_be_missing)
			return true;
		complain_file(
		    r, "cannot be used", why != NULL ? why : strerror(errno));
		return false;
	}
	done = bsock_file_read(fd, file) == 0;
	if (!done)
		complain_file(r, "cannot be read", strerror(errno));
	(void)close(fd);
	return done;
}

static void
load_rules(
    struct bsock_config *config, const struct bsock_config_options *options)
{
	struct reader r = {
	    .options = options, .config = config, .path = options->rules_path};
	struct bsock_file file;

	if (!read_file(&r, false, &file))
		return;
	config->authz = bsock_authz_new(lines_in(&file));
	if (config->authz == NULL)
		complain_file(&r, "cannot be loaded", strerror(ENOMEM));
	else
		read_lines(&r, &file, read_rule);
	bsock_file_free(&file);
}

static void
load_reservations(
    struct bsock_config *config, const struct bsock_config_options *options)
{
	struct reader r = {.options = options,
	    .config = config,
	    .path = options->resvaddr_path};
	struct bsock_file file;

	if (!read_file(&r, !options->resvaddr_required, &file))
		return;
	if (file.data == NULL)
		return;
	config->reserved = calloc(lines_in(&file), sizeof(*config->reserved));
	if (config->reserved == NULL)
		complain_file(&r, "cannot be loaded", strerror(ENOMEM));
	else
		read_lines(&r, &file, read_reservation);
	bsock_file_free(&file);
}

int
bsock_config_load(
    struct bsock_config *config, const struct bsock_config_options *options)
{
	memset(config, 0, sizeof(*config));
	bsock_names_forget();
	load_rules(config, options);
	load_reservations(config, options);
	if (config->errors == 0)
		return 0;
	bsock_config_free(config);
	return -1;
}

void
bsock_config_free(struct bsock_config *config)
{
	bsock_authz_free(config->authz);
	free(config->reserved);
	config->authz = NULL;
	config->reserved = NULL;
	config->nreserved = 0;
}
