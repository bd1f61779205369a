#include "bsock_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN 1024
#define BUFFER_MAX ((size_t)1 << 20) /* a group with very many members */

enum kind { NONE, USER, GROUP, PROTOCOL, SERVICE, INTERFACE };

/* A name service answer.  A name too long for its slot is asked each time. */
struct memo {
	enum kind kind;
	uint32_t protocol; /* SERVICE */
	uint32_t value;
	int found;
	char name[48];
};

#define MEMOS 256

static pthread_mutex_t memo_lock = PTHREAD_MUTEX_INITIALIZER;
static struct memo memos[MEMOS]; /* memo_lock */

/* The _r functions say ERANGE until the buffer is large enough.  Calls one
 * of them with growing buffers; ask returns 0 found, ERANGE, else -1. */
static int
with_buffer(int (*ask)(const char *name, char *buf, size_t size,
		uint32_t protocol, uint32_t *value),
    const char *name, uint32_t protocol, uint32_t *value)
{
	int r = ERANGE;

	for (size_t size = BUFFER_MIN; r == ERANGE && size <= BUFFER_MAX;
	     size *= 4) {
		char *buf = malloc(size);

		if (buf == NULL)
			return -1;
		r = ask(name, buf, size, protocol, value);
		free(buf);
	}
	return r == 0 ? 0 : -1;
}

static int
ask_user(const char *name, char *buf, size_t size, uint32_t protocol,
    uint32_t *value)
{
	struct passwd pw, *found = NULL;
	int r = getpwnam_r(name, &pw, buf, size, &found);

	(void)protocol;
	if (found == NULL)
		return r == ERANGE ? ERANGE : -1;
	*value = pw.pw_uid;
	return 0;
}

static int
ask_group(const char *name, char *buf, size_t size, uint32_t protocol,
    uint32_t *value)
{
	struct group gr, *found = NULL;
	int r = getgrnam_r(name, &gr, buf, size, &found);

	(void)protocol;
	if (found == NULL)
		return r == ERANGE ? ERANGE : -1;
	*value = gr.gr_gid;
	return 0;
}

static int
ask_protocol(const char *name, char *buf, size_t size, uint32_t protocol,
    uint32_t *value)
{
	struct protoent pe, *found = NULL;
	int r = getprotobyname_r(name, &pe, buf, size, &found);

	(void)protocol;
	if (found == NULL)
		return r == ERANGE ? ERANGE : -1;
	*value = (uint32_t)pe.p_proto;
	return 0;
}

/* services(5) knows protocols by name; MPTCP has TCP's ports. */
static int
ask_service(const char *name, char *buf, size_t size, uint32_t protocol,
    uint32_t *value)
{
	struct protoent pe, *protoent = NULL;
	struct servent se, *found = NULL;
	char proto[32];
	int r;

	if (protocol == IPPROTO_MPTCP)
		protocol = IPPROTO_TCP;
	r = getprotobynumber_r((int)protocol, &pe, buf, size, &protoent);
	if (protoent == NULL)
		return r == ERANGE ? ERANGE : -1;
	(void)snprintf(proto, sizeof(proto), "%s", pe.p_name);
	r = getservbyname_r(name, proto, &se, buf, size, &found);
	if (found == NULL)
		return r == ERANGE ? ERANGE : -1;
	*value = ntohs((uint16_t)se.s_port);
	return 0;
}

static int
ask_interface(const char *name, uint32_t *value)
{
	*value = if_nametoindex(name);
	return *value != 0 ? 0 : -1;
}

static int
ask(enum kind kind, const char *name, uint32_t protocol, uint32_t *value)
{
	switch (kind) {
	case USER:
		return with_buffer(ask_user, name, protocol, value);
	case GROUP:
		return with_buffer(ask_group, name, protocol, value);
	case PROTOCOL:
		return with_buffer(ask_protocol, name, protocol, value);
	case SERVICE:
		return with_buffer(ask_service, name, protocol, value);
	default:
		return ask_interface(name, value);
	}
}

static struct memo *
memo_of(enum kind kind, const char *name, uint32_t protocol)
{
	uint32_t h = (uint32_t)kind * 31 + protocol;

	for (const char *c = name; *c != '\0'; c++)
		h = h * 31 + (uint8_t)*c;
	return &memos[h % MEMOS];
}

/* ask(), unless the answer is remembered. */
static int
lookup(enum kind kind, const char *name, uint32_t protocol, uint32_t *value)
{
	struct memo *m = memo_of(kind, name, protocol);
	int found;

	(void)pthread_mutex_lock(&memo_lock);
	if (m->kind == kind && m->protocol == protocol &&
	    strcmp(m->name, name) == 0) {
		*value = m->value;
		found = m->found;
		(void)pthread_mutex_unlock(&memo_lock);
		return found;
	}
	(void)pthread_mutex_unlock(&memo_lock);

	*value = 0;
	found = ask(kind, name, protocol, value);

	size_t len = strlen(name);
	if (len >= sizeof(m->name))
		return found;
	(void)pthread_mutex_lock(&memo_lock);
	m->kind = kind;
	m->protocol = protocol;
	m->value = *value;
	m->found = found;
	memcpy(m->name, name, len + 1);
	(void)pthread_mutex_unlock(&memo_lock);
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
	uint32_t value;

	if (lookup(USER, name, 0, &value) != 0)
		return -1;
	*uid = value;
	return 0;
}

int
bsock_names_group(const char *name, gid_t *gid)
{
	uint32_t value;

	if (lookup(GROUP, name, 0, &value) != 0)
		return -1;
	*gid = value;
	return 0;
}

/* Calls fn with the passwd entry of uid; -1 when there is none. */
static int
with_passwd(
    uid_t uid, void (*fn)(const struct passwd *pw, void *ctx), void *ctx)
{
	struct passwd pw, *found = NULL;
	int r = ERANGE;

	for (size_t size = BUFFER_MIN; r == ERANGE && size <= BUFFER_MAX;
	     size *= 4) {
		char *buf = malloc(size);

		if (buf == NULL)
			return -1;
		r = getpwuid_r(uid, &pw, buf, size, &found);
		if (found != NULL)
			fn(found, ctx);
		free(buf);
	}
	return found != NULL ? 0 : -1;
}

struct groups_of {
	gid_t *groups;
	int n;
};

static void
fill_groups(const struct passwd *pw, void *ctx)
{
	struct groups_of *g = ctx;
	int max = g->n;

	if (getgrouplist(pw->pw_name, pw->pw_gid, g->groups, &g->n) < 0)
		g->n = max;
}

int
bsock_names_groups_of(uid_t uid, gid_t *groups, size_t max)
{
	struct groups_of g = {groups, (int)max};

	return with_passwd(uid, fill_groups, &g) == 0 ? g.n : -1;
}

struct name_of {
	char *buf;
	size_t size;
};

static void
fill_name(const struct passwd *pw, void *ctx)
{
	struct name_of *n = ctx;

	(void)snprintf(n->buf, n->size, "%s", pw->pw_name);
}

const char *
bsock_names_of_uid(uid_t uid, char *buf, size_t size)
{
	struct name_of n = {buf, size};

	if (with_passwd(uid, fill_name, &n) != 0)
		(void)snprintf(buf, size, "%u", (unsigned)uid);
	return buf;
}

const char *
bsock_names_of_gid(gid_t gid, char *buf, size_t size)
{
	struct group gr, *found = NULL;
	int r = ERANGE;

	(void)snprintf(buf, size, "%u", (unsigned)gid);
	for (size_t room = BUFFER_MIN; r == ERANGE && room <= BUFFER_MAX;
	     room *= 4) {
		char *names = malloc(room);

		if (names == NULL)
			return buf;
		r = getgrgid_r(gid, &gr, names, room, &found);
		if (found != NULL)
			(void)snprintf(buf, size, "%s", gr.gr_name);
		free(names);
	}
	return buf;
}
