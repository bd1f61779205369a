/*
 * bsockctl_ask - the daemon's STATUS: asked, and taken apart
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/un.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_fdpass.h"
#include "bsock_names.h"
#include "bsock_wire.h"
#include "bsockctl.h"

#define ASK_MS   5000 /* for everything */
#define PAUSE_MS 100  /* before asking a busy daemon again */

static int
complain(const struct bsockctl *ctl, const char *why)
{
	(void)fprintf(stderr, "bsockctl: %s: %s\n", ctl->socket, why);
	return -1;
}

static int
complain_errno(const struct bsockctl *ctl, int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return complain(ctl, "no bsock serves there");
	case EACCES:
		return complain(ctl, "only root and members of the socket's "
				     "group may ask");
	case ETIMEDOUT:
		return complain(ctl, "no answer within 5 seconds");
	case EAGAIN:
		return complain(ctl, "the daemon is busy");
	default:
		return complain(ctl, bsock_compat_strerror(error));
	}
}

/* A path, or @name in the abstract namespace, as libbsock takes it. */
static bool
address_of(const char *path, struct sockaddr_un *un, socklen_t *len)
{
	size_t n = strlen(path);

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	if (n == 0 || n >= sizeof(un->sun_path))
		return false;
	memcpy(un->sun_path, path, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	if (path[0] == '@') {
		un->sun_path[0] = '\0';
		(*len)--;
	}
	return true;
}

/* What it says is believed, so it must be root's or our own. */
static bool
is_trusted(int conn)
{
	struct bsock_peer peer;

	return bsock_fdpass_peer(conn, &peer) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

int
bsockctl_connect(const struct bsockctl *ctl)
{
	struct sockaddr_un un;
	socklen_t len;
	int conn;

	if (!address_of(ctl->socket, &un, &len)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* A daemon that does not accept is busy, and nobody is waited for. */
	conn = bsock_compat_socket_nonblock(AF_UNIX, SOCK_STREAM, 0);
	if (conn < 0)
		return -1;
	if (connect(conn, (struct sockaddr *)&un, len) == 0)
		return conn;
	len = (socklen_t)errno;
	(void)close(conn);
	errno = (int)len;
	return -1;
}

/* One try: 0 and *fd, or an errno value. */
static int
ask_once(int conn, const struct timespec *deadline, int *fd)
{
	uint8_t buf[BSOCK_WIRE_REPLY_SIZE];
	struct bsock_reply reply;
	ssize_t n;
	int ready;

	/* A daemon that is full answers before it is asked. */
	(void)bsock_fdpass_send(conn, "STATUS", strlen("STATUS"), -1, 0);
	ready = bsock_fdpass_wait(conn, POLLIN, deadline);
	if (ready <= 0)
		return ready == 0 ? ETIMEDOUT : errno;
	n = bsock_fdpass_recv(conn, buf, sizeof(buf), fd, 0);
	if (n < 0)
		return errno;
	if (bsock_wire_decode_reply(&reply, buf, (size_t)n) != 0)
		return EPROTO;
	if (reply.error == 0 && *fd < 0)
		return EPROTO;
	return reply.error;
}

/* Until it is not busy, or the time is over: 0 and *fd, or an errno value. */
static int
ask(const struct bsockctl *ctl, int *fd)
{
	const struct timespec deadline = bsock_fdpass_deadline(ASK_MS);
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	int conn, error;

	do {
		conn = bsockctl_connect(ctl);
		if (conn < 0)
			error = errno;
		else
			error = is_trusted(conn) ? ask_once(conn, &deadline, fd)
						 : EPERM;
		if (conn >= 0)
			(void)close(conn);
		if (error == EAGAIN)
			(void)nanosleep(&pause, NULL);
	} while (error == EAGAIN && bsock_fdpass_left(&deadline) > 0);
	return error;
}

int
bsockctl_ask(const struct bsockctl *ctl, struct bsock_file *answer)
{
	int fd = -1, error = ask(ctl, &fd);

	if (error == EPERM)
		return complain(ctl, "is served by somebody who is not root");
	if (error == EPROTO)
		return complain(ctl, "not an answer of bsock");
	if (error != 0)
		return complain_errno(ctl, error);
	error = bsock_file_read(fd, answer) == 0 ? 0 : errno;
	(void)close(fd);
	if (error != 0)
		return complain_errno(ctl, error);
	if (memchr(answer->data, '\0', answer->len) != NULL) {
		bsock_file_free(answer);
		return complain(ctl, "not an answer of bsock");
	}
	return 0;
}

/* Where the value of that member begins, or NULL. */
static const char *
find(const char *json, const char *end, const char *name)
{
	char key[40];
	const char *found;

	(void)snprintf(key, sizeof(key), "\"%s\":", name);
	found = strstr(json, key);
	if (found == NULL || (end != NULL && found >= end))
		return NULL;
	return found + strlen(key);
}

bool
bsockctl_number(const char *json, const char *end, const char *name,
    unsigned long long *number)
{
	const char *value = find(json, end, name);

	if (value == NULL || *value < '0' || *value > '9')
		return false;
	*number = strtoull(value, NULL, 10);
	return true;
}

/* The byte that the escape at p stands for; *p moves behind it. */
static char
unescape(const char **p)
{
	unsigned value = 0;

	if ((*p)[1] != 'u') {
		*p += (*p)[1] != '\0' ? 2 : 1;
		return (*p)[-1];
	}
	*p += 2;
	for (int i = 0; i < 4 && **p != '\0'; i++, (*p)++) {
		const char *hex = "0123456789abcdef";
		const char *digit = strchr(hex, **p);

		if (digit == NULL)
			return '?';
		value = value * 16 + (unsigned)(digit - hex);
	}
	return (char)value;
}

bool
bsockctl_string(
    const char *json, const char *end, const char *name, char *buf, size_t size)
{
	const char *p = find(json, end, name);
	size_t len = 0;

	if (p == NULL || *p != '"')
		return false;
	for (p++; *p != '"' && *p != '\0' && len + 1 < size; len++)
		if (*p == '\\')
			buf[len] = unescape(&p);
		else
			buf[len] = *p++;
	buf[len] = '\0';
	return true;
}

const char *
bsockctl_reserved(const char *json, const char *after, const char **end)
{
	const char *p = after;

	if (p == NULL) {
		p = strstr(json, "\"reserved\":[\n");
		p = p != NULL ? strchr(p, '\n') : NULL;
	}
	if (p == NULL || p[1] != '{')
		return NULL;
	*end = strchr(p + 1, '\n');
	return *end != NULL ? p + 1 : NULL;
}
