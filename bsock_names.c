/*
 * bsock_names - users, groups, protocols, services and interfaces by name
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_names.h"

#include <arpa/inet.h>
#include <grp.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"

#define BUFFER_MIN 1024
#define BUFFER_MAX ((size_t)1 << 20) /* a group with very many members */

enum kind { NONE, USER, GROUP, PROTOCOL, SERVICE, INTERFACE };

/* A question to the name service, and its answer. */
struct question {
	const char *name;
	uint32_t number; /* SERVICE: the protocol; else a uid or gid */
	uint32_t value;  /* what the name stands for */
	char *text;      /* the name of the number goes here, cut to size */
	size_t size;
	gid_t *groups; /* and a user's groups here, at most ngroups */
	int ngroups;
};

/* Asks with that buffer: 0 and the answer, ERANGE when it is too small, -1
 * when there is no such thing. */
typedef int ask_fn(struct question *q, char *buf, size_t size);

/* What a function said that returns an errno value, and NULL if not found. */
static int
outcome(const void *found, int error)
{
	if (found != NULL)
		return 0;
	return error == ERANGE ? ERANGE : -1;
}

static int
ask(ask_fn *fn, struct question *q)
{
	int r = ERANGE;

	for (size_t size = BUFFER_MIN; r == ERANGE && size <= BUFFER_MAX;
	     size *= 4) {
		char *buf = malloc(size);

		if (buf == NULL)
			return -1;
		r = fn(q, buf, size);
		free(buf);
	}
	return r == 0 ? 0 : -1;
}

/* --- by name ----------------------------------------------------------- */

static int
ask_user(struct question *q, char *buf, size_t size)
{
	struct passwd pw, *found = NULL;
	int error = getpwnam_r(q->name, &pw, buf, size, &found);

	if (found != NULL)
		q->value = pw.pw_uid;
	return outcome(found, error);
}

static int
ask_group(struct question *q, char *buf, size_t size)
{
	struct group gr, *found = NULL;
	int error = getgrnam_r(q->name, &gr, buf, size, &found);

	if (found != NULL)
		q->value = gr.gr_gid;
	return outcome(found, error);
}

static int
ask_protocol(struct question *q, char *buf, size_t size)
{
	struct protoent pe, *found = NULL;
	int error = getprotobyname_r(q->name, &pe, buf, size, &found);

	if (found != NULL)
		q->value = (uint32_t)pe.p_proto;
	return outcome(found, error);
}

/* services(5) knows protocols by name; MPTCP has TCP's ports. */
static int
ask_service(struct question *q, char *buf, size_t size)
{
	int protocol =
	    q->number == IPPROTO_MPTCP ? IPPROTO_TCP : (int)q->number;
	struct protoent pe, *protoent = NULL;
	struct servent se, *found = NULL;
	char name[32];
	int error;

	error = getprotobynumber_r(protocol, &pe, buf, size, &protoent);
	if (protoent == NULL)
		return outcome(NULL, error);
	(void)snprintf(name, sizeof(name), "%s", pe.p_name);
	error = getservbyname_r(q->name, name, &se, buf, size, &found);
	if (found != NULL)
		q->value = ntohs((uint16_t)se.s_port);
	return outcome(found, error);
}

static int
ask_interface(struct question *q, char *buf, size_t size)
{
	(void)buf;
	(void)size;
	q->value = if_nametoindex(q->name);
	return q->value != 0 ? 0 : -1;
}

static ask_fn *const by_name[] = {
    [USER] = ask_user,
    [GROUP] = ask_group,
    [PROTOCOL] = ask_protocol,
    [SERVICE] = ask_service,
    [INTERFACE] = ask_interface,
};

/* --- answers are remembered -------------------------------------------- */

/* A name too long for its slot is asked each time. */
struct memo {
	enum kind kind;
	uint32_t number;
	uint32_t value;
	int found;
	char name[48];
};

#define MEMOS 256

static pthread_mutex_t memo_lock = PTHREAD_MUTEX_INITIALIZER;
static struct memo memos[MEMOS]; /* memo_lock */

static struct memo *
memo_of(enum kind kind, const struct question *q)
{
	uint32_t h = (uint32_t)kind * 31 + q->number;

	for (const char *c = q->name; *c != '\0'; c++)
		h = h * 31 + (uint8_t)*c;
	return &memos[h % MEMOS];
}

static bool
recall(enum kind kind, struct question *q, int *found)
{
	const struct memo *m = memo_of(kind, q);
	bool known;

	(void)pthread_mutex_lock(&memo_lock);
	known = m->kind == kind && m->number == q->number &&
		strcmp(m->name, q->name) == 0;
	if (known) {
		q->value = m->value;
		*found = m->found;
	}
	(void)pthread_mutex_unlock(&memo_lock);
	return known;
}

static void
remember(enum kind kind, const struct question *q, int found)
{
	struct memo *m = memo_of(kind, q);
	size_t len = strlen(q->name);

	if (len >= sizeof(m->name))
		return;
	(void)pthread_mutex_lock(&memo_lock);
	m->kind = kind;
	m->number = q->number;
	m->value = q->value;
	m->found = found;
	memcpy(m->name, q->name, len + 1);
	(void)pthread_mutex_unlock(&memo_lock);
}

static int
lookup(enum kind kind, const char *name, uint32_t number, uint32_t *value)
{
	struct question q = {.name = name, .number = number};
	int found;

	if (!recall(kind, &q, &found)) {
		found = ask(by_name[kind], &q);
		remember(kind, &q, found);
	}
	if (found == 0)
		*value = q.value;
	return found;
}

void
bsock_names_forget(void)
{
	(void)pthread_mutex_lock(&memo_lock);
	memset(memos, 0, sizeof(memos));
	(void)pthread_mutex_unlock(&memo_lock);
}

static int
names_protocol(const char *name, uint32_t *protocol)
{
	return lookup(PROTOCOL, name, 0, protocol);
}

static int
names_service(const char *name, uint32_t protocol, uint16_t *port)
{
	uint32_t value;

	if (lookup(SERVICE, name, protocol, &value) != 0)
		return -1;
	*port = (uint16_t)value;
	return 0;
}

static int
names_interface(const char *name, uint32_t *index)
{
	return lookup(INTERFACE, name, 0, index);
}

const struct bsock_addr_names bsock_names_addr = {
    .protocol = names_protocol,
    .service = names_service,
    .interface = names_interface,
};

int
bsock_names_user(const char *name, uid_t *uid)
{
	return lookup(USER, name, 0, uid);
}

int
bsock_names_group(const char *name, gid_t *gid)
{
	return lookup(GROUP, name, 0, gid);
}

/* --- by number --------------------------------------------------------- */

static int
ask_uid(struct question *q, char *buf, size_t size)
{
	struct passwd pw, *found = NULL;
	int error = getpwuid_r(q->number, &pw, buf, size, &found);

	if (found != NULL)
		(void)snprintf(q->text, q->size, "%s", pw.pw_name);
	return outcome(found, error);
}

static int
ask_gid(struct question *q, char *buf, size_t size)
{
	struct group gr, *found = NULL;
	int error = getgrgid_r(q->number, &gr, buf, size, &found);

	if (found != NULL)
		(void)snprintf(q->text, q->size, "%s", gr.gr_name);
	return outcome(found, error);
}

/* What does not fit is left out. */
static int
ask_groups(struct question *q, char *buf, size_t size)
{
	struct passwd pw, *found = NULL;
	int error = getpwuid_r(q->number, &pw, buf, size, &found);
	int n = q->ngroups;

	if (found != NULL &&
	    getgrouplist(pw.pw_name, pw.pw_gid, q->groups, &n) >= 0)
		q->ngroups = n;
	return outcome(found, error);
}

int
bsock_names_groups_of(uid_t uid, gid_t *groups, size_t max)
{
	struct question q = {
	    .number = uid, .groups = groups, .ngroups = (int)max};

	return ask(ask_groups, &q) == 0 ? q.ngroups : -1;
}

static const char *
name_of(ask_fn *fn, uint32_t number, char *buf, size_t size)
{
	struct question q = {.number = number, .text = buf, .size = size};

	if (ask(fn, &q) != 0)
		(void)snprintf(buf, size, "%u", (unsigned)number);
	return buf;
}

const char *
bsock_names_of_uid(uid_t uid, char *buf, size_t size)
{
	return name_of(ask_uid, uid, buf, size);
}

const char *
bsock_names_of_gid(gid_t gid, char *buf, size_t size)
{
	return name_of(ask_gid, gid, buf, size);
}
