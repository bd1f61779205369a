/*
 * bsock_config - etc/bsock and etc/bsock.resvaddr, read and judged
 *
 * Used by the daemon, by its checker and by the tools, so that they cannot
 * disagree.  bsock(5) describes the format.
 */
#ifndef BSOCK_CONFIG_H
#define BSOCK_CONFIG_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "bsock_authz.h"
#include "bsock_resvaddr.h"

#define BSOCK_CONFIG_LINE_MAX 512 /* bytes, without the newline */

enum bsock_config_severity {
	BSOCK_CONFIG_ERROR,      /* the whole file is rejected */
	BSOCK_CONFIG_UNRESOLVED, /* this line alone is off until a reload */
	BSOCK_CONFIG_WARNING,
};

/* text is "file:line:column: reason", or "file: reason". */
typedef void bsock_config_report(
    void *ctx, enum bsock_config_severity severity, const char *text);

/* What privilege the rules need, to be kept by the daemon after start-up. */
#define BSOCK_CONFIG_NEEDS_LOW_PORT 1u /* CAP_NET_BIND_SERVICE */
#define BSOCK_CONFIG_NEEDS_CHOWN    2u /* CAP_CHOWN: other users' sockets */

struct bsock_config_options {
	const char *rules_path;
	const char *resvaddr_path;
	bool resvaddr_required; /* at a reload: a missing file is an error */
	unsigned allowed_needs; /* a line that needs more is left out */
	unsigned low_ports;     /* below: CAP_NET_BIND_SERVICE; or 1024 */
	bool no_unix;           /* AF_UNIX rules are refused (bsock -u) */
	uid_t own_uid;          /* the daemon's: its sockets need no chown */
	bsock_config_report *report;
	void *ctx;
};

struct bsock_config {
	struct bsock_authz *authz;
	struct bsock_resvaddr_line *reserved;
	size_t nreserved;
	unsigned needs;
	size_t errors;
	size_t unresolved;
	size_t warnings;
};

/*
 * Read both files.  Returns 0 with a config that bsock_config_free()
 * releases (taking authz or reserved out of it is done by setting the member
 * to NULL), or -1 when a file could not be read or has an error: everything
 * that is wrong was reported.
 */
int bsock_config_load(
    struct bsock_config *config, const struct bsock_config_options *options);
void bsock_config_free(struct bsock_config *config);

#endif
