/*
 * bsock_authz - who may have what
 *
 * A table of rules, filled while a config is loaded and immutable from then
 * on: any number of threads read it without a lock.  A look-up is one hash
 * probe, whatever the number of rules.  Addresses are look-up keys, as
 * bsock_addr_key() makes them.
 */
#ifndef BSOCK_AUTHZ_H
#define BSOCK_AUTHZ_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bsock_addr.h"

enum bsock_authz_kind { BSOCK_AUTHZ_UID, BSOCK_AUTHZ_GID };

/* Whom a rule is for. */
struct bsock_authz_principal {
	enum bsock_authz_kind kind;
	uint32_t id;
};

/* Who asks: by the kernel's word. */
struct bsock_authz_caller {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary; may be NULL when ngroups is 0 */
	size_t ngroups;
};

/* Why something is allowed. */
struct bsock_authz_grant {
	struct bsock_authz_principal who;
	uint32_t line; /* of the rule; 0: uid 0 needs none */
};

struct bsock_authz;

/* A table for at most max rules; NULL and errno ENOMEM. */
struct bsock_authz *bsock_authz_new(size_t max);
void bsock_authz_free(struct bsock_authz *authz);

/*
 * Returns 0 added; else the line of the rule that says the same already.
 * line is at least 1.  Never called once other threads see the table.
 */
uint32_t bsock_authz_add(struct bsock_authz *authz,
    const struct bsock_authz_principal *who, const struct bsock_addr *key,
    uint32_t line);

/* Let uid have ports 1 to 1023 of every AF_INET and AF_INET6 address, TCP and
 * UDP.  No line of a config says this: it is for bsock-run -a any. */
void bsock_authz_add_low_ports(struct bsock_authz *authz, uid_t uid);

/* The line of exactly this rule, or 0. */
uint32_t bsock_authz_find(const struct bsock_authz *authz,
    const struct bsock_authz_principal *who, const struct bsock_addr *key);

/*
 * The decision for uid 0 and for rules by uid: true and *grant, or false.
 * The second one is for rules by group, and worth asking, and asking the
 * kernel for groups for, only when bsock_authz_has_groups().
 */
bool bsock_authz_uid_may(const struct bsock_authz *authz, uid_t uid,
    const struct bsock_addr *key, struct bsock_authz_grant *grant);
bool bsock_authz_groups_may(const struct bsock_authz *authz,
    const struct bsock_authz_caller *caller, const struct bsock_addr *key,
    struct bsock_authz_grant *grant);
bool bsock_authz_has_groups(const struct bsock_authz *authz);

/* Is there any rule that could apply to this caller? */
bool bsock_authz_uid_known(const struct bsock_authz *authz, uid_t uid);
bool bsock_authz_groups_known(
    const struct bsock_authz *authz, const struct bsock_authz_caller *caller);

/* Does any AF_INET or AF_INET6 rule name this port below 1024? */
bool bsock_authz_names_port(const struct bsock_authz *authz, uint16_t port);

size_t bsock_authz_count(const struct bsock_authz *authz);

/* Calls fn for each rule, in the order of their lines within AF_INET and
 * AF_INET6, then within AF_UNIX; for the tools. */
void bsock_authz_each(const struct bsock_authz *authz,
    void (*fn)(void *ctx, const struct bsock_authz_principal *who,
	const struct bsock_addr *key, uint32_t line),
    void *ctx);

#endif
