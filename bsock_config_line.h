/*
 * bsock_config_line - one line of a config file, judged
 *
 * The inside of bsock_config: what a line says, whether it can be had, and
 * where exactly it is wrong.  Whatever is wrong is reported and counted, and
 * the next line is read.
 */
#ifndef BSOCK_CONFIG_LINE_H
#define BSOCK_CONFIG_LINE_H

#include "bsock_config.h"

/* The state of reading one file. */
struct bsock_config_reader {
	const struct bsock_config_options *options;
	struct bsock_config *config;
	const char *path;
	const char *text; /* the line, not terminated */
	size_t len;
	unsigned line; /* its number, from 1 */
};

/* Something about the file as a whole, an error: "path: what: why". */
void bsock_config_line_file_error(
    struct bsock_config_reader *r, const char *what, const char *why);

/* Bytes that no line has, or too many; false and reported when it is so. */
bool bsock_config_line_is_clean(struct bsock_config_reader *r);

/*
 * A line that is neither blank nor a comment, split into n fields (n can be
 * more than there is room for): a rule goes into config->authz, a reservation
 * to the end of config->reserved, where there is room for every line.
 */
void bsock_config_line_rule(struct bsock_config_reader *r,
    const struct bsock_addr_field *fields, size_t n);
void bsock_config_line_reservation(struct bsock_config_reader *r,
    const struct bsock_addr_field *fields, size_t n);

#endif
