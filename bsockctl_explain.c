/*
 * bsockctl_explain - may this user have this address, and which line says so
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_names.h"
#include "bsockctl.h"

#define GROUPS_MAX 4096

/* What can differ between a rule and the question, as bits. */
enum {
	DIFFERS_USER = 1u << 0,
	DIFFERS_FAMILY = 1u << 1,
	DIFFERS_SOCKTYPE = 1u << 2,
	DIFFERS_PROTOCOL = 1u << 3,
	DIFFERS_PORT = 1u << 4,
	DIFFERS_ADDRESS = 1u << 5,
};

static const char *const field_names[] = {
    "user", "family", "socktype", "protocol", "port", "address"};

#define FIELDS (sizeof(field_names) / sizeof(field_names[0]))

struct question {
	const struct bsockctl *ctl;
	struct bsock_authz_caller caller;
	struct bsock_addr addr, key;
	gid_t groups[GROUPS_MAX];
};

/* The rule that differs in the fewest fields. */
struct nearest {
	const struct question *question;
	struct bsock_authz_principal who;
	struct bsock_addr key;
	uint32_t line; /* 0: there is no rule */
	unsigned differs;
	unsigned count;
};

static int
complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "bsockctl: %s: %s\n", what, why);
	return -1;
}

/* --- the question ------------------------------------------------------ */

static int
read_user(struct question *q, const char *text)
{
	struct bsock_authz_caller *c = &q->caller;
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	int n;

	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    number < UINT32_MAX)
		c->uid = (uid_t)number;
	else if (bsock_names_user(text, &c->uid) != 0)
		return complain(text, "no such user");
	n = bsock_names_groups_of(c->uid, q->groups, GROUPS_MAX);
	c->gid = n > 0 ? q->groups[0] : (gid_t)-1;
	c->groups = q->groups;
	c->ngroups = n > 0 ? (size_t)n : 0;
	return 0;
}

static int
read_address(struct question *q, char *const args[5])
{
	struct bsock_addr_field fields[5];
	struct bsock_addr_error error;

	for (int i = 0; i < 5; i++)
		fields[i] = (struct bsock_addr_field){args[i], strlen(args[i])};
	/* Columns mean nothing here: each argument is its own text. */
	if (bsock_addr_parse(
		&q->addr, args[0], fields, &bsock_names_addr, &error) != 0)
		return complain("address", error.reason);
	bsock_addr_key(&q->addr, &q->key);
	return 0;
}

/* --- the nearest rule -------------------------------------------------- */

static bool
applies(const struct bsock_authz_caller *caller,
    const struct bsock_authz_principal *who)
{
	if (who->kind == BSOCK_AUTHZ_UID)
		return who->id == caller->uid;
	if (who->id == caller->gid)
		return true;
	for (size_t i = 0; i < caller->ngroups; i++)
		if (who->id == caller->groups[i])
			return true;
	return false;
}

static bool
same_host(const struct bsock_addr *a, const struct bsock_addr *b)
{
	if (a->family != b->family)
		return bsock_addr_is_wildcard(a) && bsock_addr_is_wildcard(b);
	return memcmp(a->host, b->host, sizeof(a->host)) == 0 &&
	       a->scope == b->scope && a->pathlen == b->pathlen &&
	       memcmp(a->path, b->path, sizeof(a->path)) == 0;
}

static unsigned
differing(const struct question *q, const struct bsock_authz_principal *who,
    const struct bsock_addr *key)
{
	unsigned differs = 0;

	if (!applies(&q->caller, who))
		differs |= DIFFERS_USER;
	if (key->family != q->key.family)
		differs |= DIFFERS_FAMILY;
	if (key->socktype != q->key.socktype)
		differs |= DIFFERS_SOCKTYPE;
	if (key->protocol != q->key.protocol)
		differs |= DIFFERS_PROTOCOL;
	if (key->port != q->key.port)
		differs |= DIFFERS_PORT;
	if (!same_host(key, &q->key))
		differs |= DIFFERS_ADDRESS;
	return differs;
}

static unsigned
count_bits(unsigned bits)
{
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

static void
consider(void *ctx, const struct bsock_authz_principal *who,
    const struct bsock_addr *key, uint32_t line)
{
	struct nearest *n = ctx;
	unsigned differs = differing(n->question, who, key);
	unsigned count = count_bits(differs);

	if (n->line != 0 && count >= n->count)
		return;
	n->who = *who;
	n->key = *key;
	n->line = line;
	n->differs = differs;
	n->count = count;
}

/* --- the answer -------------------------------------------------------- */

static void
show_line(const char *path, uint32_t line,
    const struct bsock_authz_principal *who, const struct bsock_addr *key)
{
	char name[256], shown[1024], addr[BSOCK_ADDR_STRLEN];

	(void)bsock_addr_format(key, addr, sizeof(addr));
	(void)printf("%s:%u: %s%s%s\n", path, line,
	    who != NULL ? bsockctl_who(who, name, sizeof(name)) : "",
	    who != NULL ? " " : "", bsockctl_shown(addr, shown, sizeof(shown)));
}

static int
allow(const struct question *q, const struct bsock_authz_grant *grant)
{
	if (grant->line == 0) {
		(void)printf("allow: uid 0 may have any AF_INET and AF_INET6 "
			     "address\n");
		return BSOCKCTL_OK;
	}
	(void)printf("allow ");
	show_line(q->ctl->config, grant->line, &grant->who, &q->key);
	return BSOCKCTL_OK;
}

static int
deny(const struct question *q, const struct bsock_config *config)
{
	struct nearest n = {.question = q};
	const char *comma = "";

	bsock_authz_each(config->authz, consider, &n);
	if (n.line == 0) {
		(void)printf("deny: there is no rule in %s\n", q->ctl->config);
		return BSOCKCTL_NO;
	}
	(void)printf("deny: nearest is ");
	show_line(q->ctl->config, n.line, &n.who, &n.key);
	(void)printf("differs in: ");
	for (size_t i = 0; i < FIELDS; i++)
		if ((n.differs & 1u << i) != 0) {
			(void)printf("%s%s", comma, field_names[i]);
			comma = ", ";
		}
	(void)printf("\n");
	return BSOCKCTL_NO;
}

static int
decide(const struct question *q, const struct bsock_config *config)
{
	struct bsock_authz_grant grant;

	if (bsock_authz_uid_may(
		config->authz, q->caller.uid, &q->key, &grant) ||
	    bsock_authz_groups_may(config->authz, &q->caller, &q->key, &grant))
		return allow(q, &grant);
	return deny(q, config);
}

static void
note_reserved(const struct question *q, const struct bsock_config *config)
{
	for (size_t i = 0; i < config->nreserved; i++)
		if (bsock_addr_equal(&config->reserved[i].addr, &q->key)) {
			(void)printf("reserved ");
			show_line(q->ctl->resvaddr, config->reserved[i].line,
			    NULL, &config->reserved[i].addr);
		}
}

/* By the bits of write or search permission, which are one bit for each. */
static bool
may(const struct question *q, const struct stat *st, mode_t bits)
{
	struct bsock_authz_principal group = {
	    .kind = BSOCK_AUTHZ_GID, .id = st->st_gid};

	if (st->st_uid == q->caller.uid)
		bits &= S_IRWXU;
	else if (applies(&q->caller, &group))
		bits &= S_IRWXG;
	else
		bits &= S_IRWXO;
	return (st->st_mode & bits) != 0;
}

/* The first directory above the socket that lets the user not through. */
static bool
find_closed_directory(const struct question *q, char dir[PATH_MAX])
{
	const char *path = q->ctl->socket;
	struct stat st;

	for (const char *p = strchr(path, '/'); p != NULL;
	     p = strchr(p + 1, '/')) {
		size_t len = p == path ? 1 : (size_t)(p - path);

		if (len >= PATH_MAX)
			return false;
		memcpy(dir, path, len);
		dir[len] = '\0';
		if (stat(dir, &st) == 0 &&
		    !may(q, &st, S_IXUSR | S_IXGRP | S_IXOTH))
			return true;
	}
	return false;
}

/* What keeps most newcomers out is not a rule but the socket's mode. */
static void
note_access(const struct question *q)
{
	char user[256], name[256], dir[PATH_MAX];
	struct stat st;

	if (q->caller.uid == 0 || stat(q->ctl->socket, &st) != 0)
		return;
	(void)bsock_names_of_uid(q->caller.uid, user, sizeof(user));
	if (find_closed_directory(q, dir))
		(void)printf("note: %s may not ask at %s: may not search %s\n",
		    user, q->ctl->socket, dir);
	else if (!may(q, &st, S_IWUSR | S_IWGRP | S_IWOTH))
		(void)printf("note: %s may not ask at %s: not in group %s\n",
		    user, q->ctl->socket,
		    bsock_names_of_gid(st.st_gid, name, sizeof(name)));
}

static void
note_socket(const struct question *q)
{
	int conn = bsockctl_connect(q->ctl);

	if (conn < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		(void)printf("note: no bsock serves at %s\n", q->ctl->socket);
	if (conn >= 0)
		(void)close(conn);
	note_access(q);
}

int
bsockctl_explain(const struct bsockctl *ctl, char *const args[6])
{
	static struct question q; /* its groups are too much for a stack */
	struct bsock_config config;
	int status;

	q.ctl = ctl;
	if (read_user(&q, args[0]) != 0 || read_address(&q, args + 1) != 0)
		return BSOCKCTL_USAGE;
	if (bsockctl_load(ctl, false, &config) != 0)
		return BSOCKCTL_USAGE;
	status = decide(&q, &config);
	note_reserved(&q, &config);
	note_socket(&q);
	bsock_config_free(&config);
	return status;
}
