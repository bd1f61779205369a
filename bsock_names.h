/*
 * bsock_names - numbers of users, groups, protocols, services, interfaces
 *
 * The only place that asks the name service (nsswitch.conf(5)): while a
 * config is loaded, and in the tools; never for a client.  What was found is
 * remembered until bsock_names_forget(), so that a file of a million lines
 * asks once for each name.  Thread-safe.
 */
#ifndef BSOCK_NAMES_H
#define BSOCK_NAMES_H

#include <sys/types.h>

#include <stddef.h>

#include "bsock_addr.h"

/* For bsock_addr_parse(). */
extern const struct bsock_addr_names bsock_names_addr;

/* Return 0, or -1 (*uid, *gid are not changed) when nobody has that name, or
 * memory is out. */
int bsock_names_user(const char *name, uid_t *uid);
int bsock_names_group(const char *name, gid_t *gid);

/* Primary and supplementary groups of a user; the number of groups (at most
 * max), or -1 when the user is unknown. */
int bsock_names_groups_of(uid_t uid, gid_t *groups, size_t max);

/* The name of a uid or gid, or its number, cut to size; return buf. */
const char *bsock_names_of_uid(uid_t uid, char *buf, size_t size);
const char *bsock_names_of_gid(gid_t gid, char *buf, size_t size);

/* From now on names are asked for again. */
void bsock_names_forget(void);

#endif
