/*
 * bsock_serve - one request, from its bytes to its log line
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_serve.h"

#include <string.h>

#include "bsock_compat.h"
#include "bsock_log.h"
#include "bsock_outcome.h"
#include "bsock_priv.h"
#include "bsock_socket.h"
#include "bsock_unixpath.h"

/* Everything about the request in hand. */
struct call {
	const struct bsock_service *service;
	const struct bsock_snapshot *snapshot;
	struct bsock_caller *caller;
	struct bsock_request request;
	struct bsock_addr key; /* of rules and reservations */
	struct bsock_authz_grant grant;
	const char *via;
	int fd;  /* the client's socket, or -1 */
	int out; /* the descriptor that the reply carries, or -1 */
	uint32_t flags;
	bool admitted;
	int error;
	enum bsock_reason reason;
};

void
bsock_service_init(
    struct bsock_service *service, struct bsock_counters *counters)
{
	int s = bsock_compat_socket(AF_UNIX, SOCK_STREAM, 0);

	memset(service, 0, sizeof(*service));
	if (s >= 0) {
		service->netns = bsock_socket_netns(s);
		(void)close(s);
	}
	service->in_userns = bsock_priv_in_userns();
	service->overflow_uid = bsock_priv_overflow_uid();
	service->status_gid = (gid_t)-1;
	service->counters = counters;
	bsock_unixpath_start();
}

struct bsock_authz_caller
bsock_caller_groups(struct bsock_caller *caller)
{
	struct bsock_authz_caller who = {
	    .uid = caller->peer.uid,
	    .gid = caller->peer.gid,
	    .groups = caller->groups,
	};

	if (caller->ngroups < 0)
		caller->ngroups = bsock_fdpass_peer_groups(
		    caller->conn, caller->groups, caller->groups_max);
	if (caller->ngroups < 0)
		caller->ngroups = 0; /* none that we could trust */
	who.ngroups = (size_t)caller->ngroups;
	return who;
}

/* A uid that stands for everybody whom our user namespace does not map. */
static bool
is_unmapped(
    const struct bsock_service *service, const struct bsock_caller *caller)
{
	return service->in_userns && caller->peer.uid == service->overflow_uid;
}

bool
bsock_caller_known(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, struct bsock_caller *caller)
{
	struct bsock_authz_caller who;

	if (is_unmapped(service, caller))
		return false;
	if (bsock_authz_uid_known(snapshot->authz, caller->peer.uid))
		return true;
	if (!bsock_authz_has_groups(snapshot->authz))
		return false;
	who = bsock_caller_groups(caller);
	return bsock_authz_groups_known(snapshot->authz, &who);
}

/* --- the steps: each can only say no ----------------------------------- */

static bool
refuse(struct call *c, int error, enum bsock_reason reason)
{
	c->error = error;
	c->reason = reason;
	return false;
}

static bool
decode(struct call *c, const void *buf, size_t len)
{
	int error = bsock_wire_decode_request(&c->request, buf, len);

	c->via = len > 0 && *(const char *)buf == 0 ? "native" : "text";
	bsock_addr_key(&c->request.addr, &c->key);
	if (error == 0)
		return true;
	return refuse(c, error,
	    error == EINVAL ? BSOCK_REASON_MALFORMED : BSOCK_REASON_KIND);
}

/* The client, and its socket, live in the network that we bind in. */
static bool
check_namespace(struct call *c)
{
	uint64_t netns = c->service->netns;

	if (netns == 0)
		return true;
	if (bsock_socket_netns(c->caller->conn) == netns &&
	    (c->fd < 0 || bsock_socket_netns(c->fd) == netns))
		return true;
	return refuse(c, EACCES, BSOCK_REASON_NAMESPACE);
}

static bool
check_socket(struct call *c)
{
	int error;

	if (c->fd < 0)
		return true;
	error = bsock_socket_check(c->fd, &c->request.addr);
	return error == 0 || refuse(c, error, BSOCK_REASON_SOCKET);
}

static bool
authorise(struct call *c)
{
	const struct bsock_authz *authz = c->snapshot->authz;
	struct bsock_authz_caller who;

	if (is_unmapped(c->service, c->caller))
		return refuse(c, EACCES, BSOCK_REASON_UNMAPPED);
	if (c->service->admit != NULL &&
	    !c->service->admit(c->service->ctx, c->caller))
		return refuse(c, EACCES, BSOCK_REASON_NOT_OURS);
	c->admitted = true;
	if (bsock_authz_uid_may(authz, c->caller->peer.uid, &c->key, &c->grant))
		return true;
	if (bsock_authz_has_groups(authz)) {
		who = bsock_caller_groups(c->caller);
		if (bsock_authz_groups_may(authz, &who, &c->key, &c->grant))
			return true;
	}
	return refuse(c, EACCES, BSOCK_REASON_NO_RULE);
}

/* A client that half-closed still waits; one that closed does not, and what
 * it would have got must not be bound behind its back. */
static bool
still_there(struct call *c)
{
	return !bsock_fdpass_hung_up(c->caller->conn) ||
	       refuse(c, ECONNRESET, BSOCK_REASON_HUNG_UP);
}

/* --- getting the socket ------------------------------------------------ */

/* bind(2) of any kind that a rule can allow. */
static int
bind_any(struct call *c, int fd)
{
	struct bsock_addr *addr = &c->request.addr;

	if (addr->family == AF_UNIX && addr->path[0] != '\0')
		return bsock_unixpath_bind(fd, addr, &c->caller->peer);
	if (addr->family != AF_UNIX && addr->port == 0)
		return bsock_bindresvport(fd, addr, &c->snapshot->skip);
	return bsock_socket_bind(fd, addr);
}

/* A socket of ours for a client that sent none.  A port that is looked for
 * must be nobody's: there SO_REUSEADDR comes after the bind. */
static int
bind_new(struct call *c)
{
	const struct bsock_addr *addr = &c->request.addr;
	bool stream = addr->socktype == SOCK_STREAM && addr->family != AF_UNIX;
	bool search = addr->family != AF_UNIX && addr->port == 0;
	int fd = -1, error;

	error = bsock_socket_make(
	    addr, c->caller->peer.uid, c->caller->peer.gid, &fd);
	if (error == 0 && stream && !search)
		error = bsock_socket_reuse(fd);
	if (error == 0)
		error = bind_any(c, fd);
	if (error == 0 && stream && search)
		error = bsock_socket_reuse(fd);
	if (error == 0)
		c->out = fd;
	else if (fd >= 0)
		(void)close(fd);
	return error;
}

static int
claim(struct call *c, struct bsock_resvaddr *reserved)
{
	const struct bsock_resvaddr_claim claim = {
	    .addr = &c->request.addr,
	    .peer = c->caller->peer,
	    .who = c->grant.who,
	    .conn = c->caller->conn,
	    .fd = c->fd,
	    .rebind = c->request.rebind,
	};
	bool kept = false;
	int error = 0;

	if (c->fd >= 0)
		error = bsock_socket_check_unbound(c->fd, &c->request.addr);
	if (error == 0)
		error = bsock_resvaddr_claim(reserved, &claim, &c->out, &kept);
	if (error == 0 && kept)
		c->flags |= BSOCK_WIRE_RESERVED;
	return error;
}

static bool
obtain(struct call *c)
{
	struct bsock_resvaddr *reserved = NULL;
	int error;

	if (c->snapshot->reserved != NULL)
		reserved = bsock_resvaddr_find(c->snapshot->reserved, &c->key);
	if (reserved != NULL)
		error = claim(c, reserved);
	else if (c->fd >= 0)
		error = bind_any(c, c->fd);
	else
		error = bind_new(c);
	if (error == 0)
		return true;
	/* Ours are used up, not the client's: it may ask again. */
	if (error == EMFILE || error == ENFILE)
		return refuse(c, EAGAIN, BSOCK_REASON_BUSY);
	return refuse(c, error, BSOCK_REASON_BIND);
}

/* --- the answer -------------------------------------------------------- */

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static ssize_t
send_reply(const struct call *c, int error, uint32_t flags, int fd)
{
	const struct bsock_reply reply = {.error = error, .flags = flags};
	uint8_t buf[BSOCK_WIRE_REPLY_SIZE];

	bsock_wire_encode_reply(&reply, buf);
	return bsock_fdpass_send(
	    c->caller->conn, buf, sizeof(buf), fd, MSG_DONTWAIT);
}

/*
 * The client's own socket is closed first: when it reads the reply, no copy
 * of ours is left.  Too many descriptors in flight: the socket goes, and then
 * the client hears that it may ask again.
 */
static enum bsock_after
answer(struct call *c)
{
	enum bsock_after after = BSOCK_AFTER_CLOSE;

	close_fd(&c->fd);
	if (c->reason == BSOCK_REASON_HUNG_UP)
		return after;
	if (send_reply(c, c->error, c->flags, c->out) >= 0) {
		if (c->out >= 0)
			after = BSOCK_AFTER_LINGER;
	} else if (c->out >= 0) {
		close_fd(&c->out);
		(void)refuse(c, EAGAIN, BSOCK_REASON_REPLY);
		(void)send_reply(c, c->error, 0, -1);
	}
	close_fd(&c->out);
	return after;
}

static uint32_t
elapsed_us(const struct timespec *since)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((now.tv_sec - since->tv_sec) * 1000000 +
			  (now.tv_nsec - since->tv_nsec) / 1000);
}

/* Counts the outcome, and logs it. */
static void
record(const struct call *c)
{
	struct bsock_counters *counters = c->service->counters;
	struct bsock_outcome outcome;

	if (c->error == 0)
		atomic_fetch_add(&counters->granted, 1);
	else
		atomic_fetch_add(&counters->refused[c->reason], 1);
	if (c->service->quiet ||
	    (c->error != 0 && !bsock_log_within_rate(c->caller->peer.uid)))
		return;
	outcome.via = c->via;
	outcome.uid = c->caller->peer.uid;
	outcome.pid = c->caller->peer.pid;
	outcome.us = elapsed_us(&c->caller->since);
	outcome.error = c->error;
	outcome.line = c->grant.line;
	outcome.reason = c->reason;
	outcome.kept = (c->flags & BSOCK_WIRE_RESERVED) != 0;
	outcome.addr = c->request.addr;
	if (c->reason == BSOCK_REASON_MALFORMED)
		outcome.addr.family = 0;
	bsock_outcome_log(&outcome);
}

/* Last of all: the private broker may end now. */
static void
settle(const struct call *c)
{
	if (c->admitted && c->service->settled != NULL)
		c->service->settled(c->service->ctx, c->error == 0);
}

/* Root, or a member of the socket's group. */
static bool
may_see_status(struct call *c)
{
	gid_t gid = c->service->status_gid;
	struct bsock_authz_caller who;

	if (is_unmapped(c->service, c->caller))
		return refuse(c, EACCES, BSOCK_REASON_UNMAPPED);
	if (c->caller->peer.uid == 0)
		return true;
	if (gid != (gid_t)-1) {
		who = bsock_caller_groups(c->caller);
		if (who.gid == gid)
			return true;
		for (size_t i = 0; i < who.ngroups; i++)
			if (who.groups[i] == gid)
				return true;
	}
	return refuse(c, EACCES, BSOCK_REASON_NO_RULE);
}

enum bsock_after
bsock_serve(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, struct bsock_caller *caller,
    const void *buf, size_t len, int fd, int *error)
{
	struct call c = {
	    .service = service,
	    .snapshot = snapshot,
	    .caller = caller,
	    .fd = fd,
	    .out = -1,
	};
	enum bsock_after after;

	if (decode(&c, buf, len) && c.request.status) {
		close_fd(&c.fd);
		if (may_see_status(&c))
			return BSOCK_AFTER_STATUS;
	} else if (c.error == 0 && check_socket(&c) && check_namespace(&c) &&
		   authorise(&c) && still_there(&c)) {
		(void)obtain(&c);
	}
	after = answer(&c);
	record(&c);
	settle(&c);
	if (error != NULL)
		*error = c.error;
	return after;
}

void
bsock_serve_refuse(const struct bsock_service *service,
    struct bsock_caller *caller, int error, enum bsock_reason reason)
{
	struct call c = {
	    .service = service,
	    .caller = caller,
	    .via = "none",
	    .fd = -1,
	    .out = -1,
	    .error = error,
	    .reason = reason,
	};

	(void)answer(&c);
	record(&c);
}

int
bsock_serve_socket(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, struct bsock_caller *caller,
    const struct bsock_addr *addr, int fd)
{
	struct call c = {
	    .service = service,
	    .snapshot = snapshot,
	    .caller = caller,
	    .request.addr = *addr,
	    .via = "argv",
	    .fd = fd,
	    .out = -1,
	};

	bsock_addr_key(addr, &c.key);
	if (check_socket(&c) && authorise(&c)) {
		c.error = bsock_socket_check_unbound(fd, addr);
		if (c.error == 0)
			c.error = bind_any(&c, fd);
		if (c.error != 0)
			c.reason = BSOCK_REASON_BIND;
	}
	record(&c);
	return c.error;
}
