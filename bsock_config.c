/*
 * bsock_config - etc/bsock and etc/bsock.resvaddr, from files to tables
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_config.h"

#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_config_line.h"
#include "bsock_file.h"
#include "bsock_names.h"

#define FIELDS_MAX 7 /* one more than any line has, to see a trailing one */

typedef void read_line(struct bsock_config_reader *r,
    const struct bsock_addr_field *fields, size_t n);

/* Calls fn for each line that is neither blank nor a comment. */
static void
read_lines(
    struct bsock_config_reader *r, const struct bsock_file *file, read_line *fn)
{
	const char *p = file->data, *end = file->data + file->len;
	struct bsock_addr_field fields[FIELDS_MAX];

	for (; p < end; p = r->text + r->len + 1) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n;

		r->line++;
		r->text = p;
		r->len = (size_t)((newline != NULL ? newline : end) - p);
		if (!bsock_config_line_is_clean(r))
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
read_file(
    struct bsock_config_reader *r, bool may_be_missing, struct bsock_file *file)
{
	const char *why;
	int fd = bsock_file_open(r->path, &why);
	bool done = false;

	file->data = NULL;
	file->len = 0;
	if (fd < 0) {
		if (errno == ENOENT && may_be_missing)
			return true;
		bsock_config_line_file_error(r, "cannot be used",
		    why != NULL ? why : bsock_compat_strerror(errno));
		return false;
	}
	done = bsock_file_read(fd, file) == 0;
	if (!done)
		bsock_config_line_file_error(
		    r, "cannot be read", bsock_compat_strerror(errno));
	(void)close(fd);
	return done;
}

static void
load_rules(
    struct bsock_config *config, const struct bsock_config_options *options)
{
	struct bsock_config_reader r = {
	    .options = options, .config = config, .path = options->rules_path};
	struct bsock_file file;

	if (!read_file(&r, false, &file))
		return;
	config->authz = bsock_authz_new(lines_in(&file));
	if (config->authz == NULL)
		bsock_config_line_file_error(
		    &r, "cannot be loaded", bsock_compat_strerror(ENOMEM));
	else
		read_lines(&r, &file, bsock_config_line_rule);
	bsock_file_free(&file);
}

static void
load_reservations(
    struct bsock_config *config, const struct bsock_config_options *options)
{
	struct bsock_config_reader r = {.options = options,
	    .config = config,
	    .path = options->resvaddr_path};
	struct bsock_file file;

	if (!read_file(&r, !options->resvaddr_required, &file))
		return;
	if (file.data == NULL)
		return;
	config->reserved = calloc(lines_in(&file), sizeof(*config->reserved));
	if (config->reserved == NULL)
		bsock_config_line_file_error(
		    &r, "cannot be loaded", bsock_compat_strerror(ENOMEM));
	else
		read_lines(&r, &file, bsock_config_line_reservation);
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
