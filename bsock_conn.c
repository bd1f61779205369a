/*
 * bsock_conn - one connection in a serving thread
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_conn.h"

#include <sys/time.h>

#include <poll.h>

#include "bsock_compat.h"

/* How long a thread waits for a request that is on its way: longer than a
 * client needs from connect(2) to sendmsg(2), short beside its deadline. */
#define SHORT_WAIT_NS 300000

/* In whose share of places a connection is. */
static int64_t
owner_of(struct bsock_thread *t, struct bsock_caller *caller)
{
	const struct bsock_snapshot *s = bsock_pool_hold(t);
	bool known = bsock_caller_known(t->pool->options.service, s, caller);

	bsock_pool_release(t);
	return known ? (int64_t)caller->peer.uid : BSOCK_PARKING_STRANGER;
}

void
bsock_conn_refuse(struct bsock_thread *t, struct bsock_caller *caller,
    int error, enum bsock_reason reason)
{
	bsock_serve_refuse(t->pool->options.service, caller, error, reason);
	(void)close(caller->conn);
}

/* Puts the connection aside; it is closed when there is no place. */
static void
park(struct bsock_thread *t, struct bsock_caller *caller,
    enum bsock_parking_state state)
{
	const struct bsock_parking_place place = {
	    .state = state,
	    .conn = caller->conn,
	    .peer = caller->peer,
	    .since = caller->since,
	};

	if (bsock_parking_enter(
		&t->pool->parking, owner_of(t, caller), &place)) {
		if (state == BSOCK_PARKING_STATUS)
			bsock_pool_wake_main(t->pool);
	} else if (state == BSOCK_PARKING_LINGER) {
		(void)close(caller->conn); /* it has its answer */
	} else {
		bsock_conn_refuse(t, caller, EAGAIN, BSOCK_REASON_BUSY);
	}
}

/* poll(2) for a moment. */
static short
short_wait(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
#if HAVE_PPOLL
	const struct timespec moment = {.tv_nsec = SHORT_WAIT_NS};

	if (ppoll(&p, 1, &moment, NULL) > 0)
		return p.revents;
#else
	if (poll(&p, 1, 1) > 0)
		return p.revents;
#endif
	return 0;
}

/* A reply with a descriptor is out: the peer sees the end of the stream now,
 * the connection stays until it has read it. */
static void
linger(struct bsock_thread *t, struct bsock_caller *caller)
{
	(void)shutdown(caller->conn, SHUT_WR);
	if (bsock_parking_is_read(caller->conn) ||
	    (short_wait(caller->conn, 0) & (POLLHUP | POLLERR)) != 0 ||
	    bsock_parking_is_read(caller->conn))
		(void)close(caller->conn);
	else
		park(t, caller, BSOCK_PARKING_LINGER);
}

static void
serve(struct bsock_thread *t, struct bsock_caller *caller, const void *buf,
    size_t len, int fd)
{
	const struct bsock_snapshot *s = bsock_pool_hold(t);
	enum bsock_after after;

	after = bsock_serve(
	    t->pool->options.service, s, caller, buf, len, fd, NULL);
	bsock_pool_release(t);
	switch (after) {
	case BSOCK_AFTER_CLOSE:
		(void)close(caller->conn);
		break;
	case BSOCK_AFTER_LINGER:
		linger(t, caller);
		break;
	case BSOCK_AFTER_STATUS:
		park(t, caller, BSOCK_PARKING_STATUS);
		break;
	}
}

/* Reads what has come; false when nothing has. */
bool
bsock_conn_receive(
    struct bsock_thread *t, struct bsock_caller *caller, int flags)
{
	uint8_t buf[BSOCK_WIRE_REQUEST_SIZE];
	int fd = -1;
	ssize_t n =
	    bsock_fdpass_recv(caller->conn, buf, sizeof(buf), &fd, flags);

	if (n == 0 && bsock_fdpass_hung_up(caller->conn))
		(void)close(caller->conn); /* it only looked */
	else if (n >= 0)
		serve(t, caller, buf, (size_t)n, fd);
	else if (errno == EAGAIN || errno == EINTR)
		return false;
	else if (errno == EMFILE)
		bsock_conn_refuse(t, caller, EAGAIN, BSOCK_REASON_BUSY);
	else
		(void)close(caller->conn);
	return true;
}

/*
 * The request is on its way.  Where another thread is free the socket itself
 * waits for it: without a precise timer, which costs more than the wait in a
 * virtual machine, but for some milliseconds where nothing comes.  The last
 * free thread waits for a moment only.
 */
static bool
wait_and_serve(struct bsock_thread *t, struct bsock_caller *caller)
{
	const struct timeval tick = {.tv_usec = 1000};

	if (bsock_pool_others_idle(t->pool) &&
	    setsockopt(caller->conn, SOL_SOCKET, SO_RCVTIMEO, &tick,
		sizeof(tick)) == 0)
		return bsock_conn_receive(t, caller, 0);
	return short_wait(caller->conn, POLLIN) != 0 &&
	       bsock_conn_receive(t, caller, MSG_DONTWAIT);
}

/* While main watches, its signal ends the wait: no timer is needed. */
static bool
await_and_serve(struct bsock_thread *t, struct bsock_caller *caller)
{
	if (bsock_pool_is_watched(t->pool) && bsock_pool_others_idle(t->pool))
		return bsock_conn_receive(t, caller, 0);
	return bsock_conn_receive(t, caller, MSG_DONTWAIT) ||
	       wait_and_serve(t, caller);
}

/* A new connection, from its credentials to its end or its parking. */
void
bsock_conn_handle(struct bsock_thread *t, struct bsock_caller *caller)
{
	if (bsock_fdpass_peer(caller->conn, &caller->peer) != 0) {
		(void)close(caller->conn);
		return;
	}
	if (!bsock_parking_empty(&t->pool->parking) &&
	    !bsock_parking_admits(&t->pool->parking, owner_of(t, caller))) {
		bsock_conn_refuse(t, caller, EAGAIN, BSOCK_REASON_BUSY);
		return;
	}
	if (!await_and_serve(t, caller))
		park(t, caller, BSOCK_PARKING_REQUEST);
}

struct bsock_caller
bsock_conn_caller(struct bsock_thread *t, int conn)
{
	struct bsock_caller caller = {
	    .conn = conn,
	    .groups = t->groups,
	    .groups_max = BSOCK_POOL_GROUPS_MAX,
	    .ngroups = -1,
	};

	(void)clock_gettime(CLOCK_MONOTONIC, &caller.since);
	return caller;
}
