/*
 * socket_binder_serve - one client of bsock-socket-binder
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "socket_binder_serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../bsock_compat.h"
#include "../bsock_fdpass.h"
#include "../bsock_log.h"
#include "adapter.h"

/* For reading what comes after a request.  Nothing can be added to it by then,
 * and it is long for whatever a send buffer holds; but each read may have to
 * close sockets that linger. */
#define DRAIN_MS 20

enum progress { WAIT, WHOLE, UNREADABLE, DROP };

/* --- the request ------------------------------------------------------- */

/* The first socket is meant, others have no business here. */
static void
take_socket(struct socket_binder_client *client, int fd)
{
	if (client->fd < 0)
		client->fd = fd;
	else if (fd >= 0)
		(void)close(fd);
}

/* Nothing was read, errno says why. */
static enum progress
read_nothing(const struct socket_binder_client *client)
{
	if (errno == EMFILE)
		return UNREADABLE;
	if (errno != EAGAIN || bsock_fdpass_left(&client->deadline) == 0)
		return DROP;
	return WAIT;
}

/* One piece: what comes with it may take its time to be closed, and then it is
 * the turn of others. */
static enum progress
read_request(
    struct socket_binder_client *client, struct socket_binder_asked *asked)
{
	ssize_t n;
	int fd;

	do
		n = bsock_fdpass_recv(client->conn, client->buf + client->len,
		    sizeof(client->buf) - client->len, &fd, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return read_nothing(client);
	take_socket(client, fd);
	if (n == 0)
		return DROP;
	client->len += (size_t)n;
	switch (socket_binder_decode(asked, client->buf, client->len)) {
	case SOCKET_BINDER_WHOLE:
		return WHOLE;
	case SOCKET_BINDER_MORE:
		return bsock_fdpass_left(&client->deadline) > 0 ? WAIT : DROP;
	default:
		return DROP;
	}
}

/* --- the socket -------------------------------------------------------- */

/* The errors that bind(2) has for a socket of another family. */
static int
check_family(int got, int asked)
{
	if (got == asked)
		return 0;
	return got == AF_INET && asked == AF_INET6 ? EAFNOSUPPORT : EINVAL;
}

static bool
is_v6only(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, &len) == 0 &&
	       on != 0;
}

/* Whatever can be said without asking bsock; 0 or an errno value. */
static int
prepare(struct bsock_ask *ask, const struct socket_binder_asked *asked)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct bsock_addr addr;
	int error;

	memset(&ss, 0, sizeof(ss));
	/* EBADF also for O_PATH, ENOTSOCK for all that is no socket. */
	if (getsockname(ask->fd, (struct sockaddr *)&ss, &len) != 0)
		return errno;
	error = check_family(ss.ss_family, asked->family);
	if (error == 0)
		error = socket_binder_address(&addr, asked);
	if (error != 0)
		return error;
	/* Both families have the port at the same place. */
	if (((const struct sockaddr_in *)&ss)->sin_port != 0 ||
	    (bsock_addr_is_v4mapped(&addr) && is_v6only(ask->fd)))
		return EINVAL;
	len = bsock_addr_to_sockaddr(&addr, &ss);
	return bsock_ask_prepare(&ask->request, ask->fd, &ss, len);
}

/*
 * There is no way to hand the client what bsock keeps for a reserved address:
 * it has come in place of our copy, the client's own socket is unbound.
 * Returns 0, or an errno value and *why.
 */
static int
bind_socket(struct bsock_ask *ask, char buf[ADAPTER_WHY_SIZE], const char **why)
{
	int error = adapter_bind(ask);

	if (error == 0 && ask->reserved) {
		*why = "a reserved address, which this protocol cannot pass on";
		return EADDRINUSE;
	}
	if (error != 0)
		*why = adapter_why(ask, error, buf);
	return error;
}

/* --- the answer -------------------------------------------------------- */

static void
log_bound(const struct bsock_peer *peer, const struct bsock_ask *ask)
{
	char addr[BSOCK_ADDR_STRLEN];

	(void)bsock_addr_format(&ask->request.addr, addr, sizeof(addr));
	bsock_log(LOG_INFO, "bound uid=%u pid=%ld addr=\"%s\"",
	    (unsigned)peer->uid, (long)peer->pid, addr);
}

static void
log_refused(const struct bsock_peer *peer, int error, const char *why)
{
	if (!bsock_log_within_rate(peer->uid))
		return;
	if (why == NULL)
		why = bsock_compat_strerror(error);
	bsock_log(LOG_NOTICE, "refused uid=%u pid=%ld errno=%d: %s",
	    (unsigned)peer->uid, (long)peer->pid, error, why);
}

static void
log_dropped(const struct bsock_peer *peer)
{
	if (bsock_log_within_rate(peer->uid))
		bsock_log(LOG_NOTICE, "dropped uid=%u pid=%ld: no request",
		    (unsigned)peer->uid, (long)peer->pid);
}

static void
send_answer(const struct socket_binder_client *client, int error)
{
	const int32_t answer = error;

	/* A client that is gone will not miss it. */
	(void)bsock_fdpass_send(
	    client->conn, &answer, sizeof(answer), -1, MSG_DONTWAIT);
}

/* What is unread at close would be ECONNRESET for the client, not the end of
 * the stream. */
static void
hang_up(struct socket_binder_client *client)
{
	struct timespec deadline = bsock_fdpass_deadline(DRAIN_MS);
	char buf[4096];

	(void)shutdown(client->conn, SHUT_RD);
	while (recv(client->conn, buf, sizeof(buf), MSG_DONTWAIT) > 0 &&
	       bsock_fdpass_left(&deadline) > 0)
		continue;
	(void)close(client->conn);
	client->conn = -1;
}

/* No copy of the client's socket is left when it reads the answer. */
static void
close_socket(struct socket_binder_client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	client->fd = -1;
}

static void
serve_request(struct socket_binder_client *client,
    const struct socket_binder_asked *asked, const struct bsock_peer *peer)
{
	struct bsock_ask ask = {.fd = client->fd};
	char buf[ADAPTER_WHY_SIZE];
	const char *why = NULL;
	int error = prepare(&ask, asked);

	/* Who has gone does not expect its socket to be bound any more. */
	if (bsock_fdpass_hung_up(client->conn))
		return;
	if (error == 0)
		error = bind_socket(&ask, buf, &why);
	close_socket(client);
	send_answer(client, error);
	if (error == 0)
		log_bound(peer, &ask);
	else
		log_refused(peer, error, why);
}

bool
socket_binder_serve(struct socket_binder_client *client)
{
	struct socket_binder_asked asked;
	struct bsock_peer peer = {.uid = (uid_t)-1};
	enum progress progress = read_request(client, &asked);

	if (progress == WAIT)
		return false;
	(void)bsock_fdpass_peer(client->conn, &peer);
	switch (progress) {
	case WHOLE:
		serve_request(client, &asked, &peer);
		break;
	case UNREADABLE:
		send_answer(client, EMFILE);
		log_refused(&peer, EMFILE, NULL);
		break;
	default:
		log_dropped(&peer);
	}
	close_socket(client);
	hang_up(client);
	return true;
}
