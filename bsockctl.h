/*
 * bsockctl - what the commands of the tool share
 *
 * Each command is a file of its own.  All judge with the daemon's own parser
 * and table, so that they cannot disagree with it.
 */
#ifndef BSOCKCTL_H
#define BSOCKCTL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "bsock_config.h"
#include "bsock_file.h"

enum { BSOCKCTL_OK = 0, BSOCKCTL_NO = 1, BSOCKCTL_USAGE = 2 };

struct bsockctl {
	const char *config;
	const char *resvaddr;
	const char *socket;
	bool json;
};

/* The commands; each returns the exit status. */
int bsockctl_status(const struct bsockctl *ctl);
int bsockctl_explain(const struct bsockctl *ctl, char *const args[6]);
int bsockctl_reload(const struct bsockctl *ctl);
int bsockctl_rules(const struct bsockctl *ctl);
int bsockctl_import_authbind(const char *directory);

/*
 * Load both files; what is wrong goes to stderr.  0 with a config that
 * bsock_config_free() releases, or -1.  fresh: as a reload would, where a
 * missing resvaddr file is an error; surprises are told too.
 */
int bsockctl_load(
    const struct bsockctl *ctl, bool fresh, struct bsock_config *config);

/* "www-data", "1005", "@dns": as a rule says it, so that reading it again
 * gives the same; returns buf. */
const char *bsockctl_who(
    const struct bsock_authz_principal *who, char *buf, size_t size);

/* Others' names for a terminal: escaped, cut; returns buf. */
const char *bsockctl_shown(const char *text, char *buf, size_t size);

/* The same for a sentence, in place: what is not printable becomes '?'. */
const char *bsockctl_sentence(char *text);

/*
 * Ask the daemon for its STATUS: lines of JSON, NUL-terminated, which
 * bsock_file_free() releases.  0, or -1 after having said why not.
 */
int bsockctl_ask(const struct bsockctl *ctl, struct bsock_file *answer);

/* A connection to where the daemon is asked, or -1 and errno. */
int bsockctl_connect(const struct bsockctl *ctl);

/*
 * A member of the object whose text begins at json: the daemon writes each
 * member's name once, and a quote inside a string with a backslash, so that
 * name can be found without reading the rest.  False when there is none
 * before end (NULL: the end of the text).
 */
bool bsockctl_number(const char *json, const char *end, const char *name,
    unsigned long long *number);
bool bsockctl_string(const char *json, const char *end, const char *name,
    char *buf, size_t size);

/*
 * The reserved address after the one that ended at that place (NULL: the
 * first), and its end; NULL when there is none.
 */
const char *bsockctl_reserved(
    const char *json, const char *after, const char **end);

#endif
