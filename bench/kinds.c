#include "kinds.h"

#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bsock.h"
#include "bsock_fdpass.h"
#include "bsock_wire.h"

int
client_init(struct client *client, const char *address, unsigned port)
{
	client->addr.sin_family = AF_INET;
	client->addr.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, address, &client->addr.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	client->ai.ai_family = AF_INET;
	client->ai.ai_socktype = SOCK_STREAM;
	client->ai.ai_protocol = IPPROTO_TCP;
	client->ai.ai_addr = (struct sockaddr *)&client->addr;
	client->ai.ai_addrlen = sizeof(client->addr);
	client->stream = -1;
	return 0;
}

void
client_end(struct client *client)
{
	if (client->stream >= 0)
		(void)close(client->stream);
	if (client->child > 0) {
		(void)kill(client->child, SIGTERM);
		(void)waitpid(client->child, NULL, 0);
	}
}

/* --- bind(2), and whatever has been put in its place ------------------- */

static int
plain_request(struct client *client, int *fd)
{
	return bind(*fd, client->ai.ai_addr, client->ai.ai_addrlen);
}

static int
library_request(struct client *client, int *fd)
{
	return bsock_bind_addrinfo(*fd, &client->ai);
}

/* --- one message to a unix socket, one answer -------------------------- */

static int
dial(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int sock;

	if (len >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, len);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock >= 0 && connect(sock, (struct sockaddr *)&sun, sizeof(sun))) {
		int saved = errno;

		(void)close(sock);
		errno = saved;
		return -1;
	}
	return sock;
}

/* Every protocol here answers with an int32 errno first. */
static int
message_request(struct client *client, int *fd)
{
	int32_t reply[2] = {EPROTO, 0};
	int sock = dial(client->path);

	if (sock < 0)
		return -1;
	if (bsock_fdpass_send(sock, client->request, client->len, *fd, 0) < 0 ||
	    recv(sock, reply, sizeof(reply), 0) < (ssize_t)sizeof(reply[0]))
		reply[0] = errno != 0 ? errno : EPROTO;
	(void)close(sock);
	errno = reply[0];
	return reply[0] == 0 ? 0 : -1;
}

static int
wire_prepare(struct client *client)
{
	struct bsock_request request = {0};
	int error =
	    bsock_addr_from_sockaddr(&request.addr, AF_INET, SOCK_STREAM,
		IPPROTO_TCP, client->ai.ai_addr, client->ai.ai_addrlen);

	client->len = bsock_wire_encode_request(&request, client->request);
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
text_prepare(struct client *client)
{
	int n = bsock_addrinfo_format(
	    &client->ai, (char *)client->request, sizeof(client->request));

	client->len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 0;
}

/* socket_binder: command, family, port, length, address text. */
static int
binder_prepare(struct client *client)
{
	char *text = (char *)client->request + 5;

	client->request[0] = 1;
	client->request[1] = 4;
	memcpy(client->request + 2, &client->addr.sin_port, 2);
	if (inet_ntop(AF_INET, &client->addr.sin_addr, text, 128) == NULL)
		return -1;
	client->request[4] = (uint8_t)strlen(text);
	client->len = 5 + strlen(text);
	return 0;
}

/* --- a socket creator: a child of ours on a socket pair ---------------- */

static int
creator_prepare(struct client *client)
{
	int pair[2];

	if (client->program == NULL) {
		errno = EINVAL;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	client->child = fork();
	if (client->child == 0) {
		(void)dup2(pair[1], 0);
		(void)dup2(pair[1], 1);
		(void)execl(client->program, client->program, (char *)NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	client->stream = pair[0];
	memcpy(client->request, "ST4", 3);
	memcpy(client->request + 3, &client->addr.sin_port, 2);
	memcpy(client->request + 5, &client->addr.sin_addr, 4);
	client->len = 9;
	return client->child < 0 ? -1 : 0;
}

static int
creator_request(struct client *client, int *fd)
{
	struct {
		char code, stage;
		int32_t error;
	} __attribute__((packed)) answer;
	char byte;
	int sock = client->stream;

	if (send(sock, client->request, client->len, MSG_NOSIGNAL) < 0)
		return -1;
	if (recv(sock, &answer.code, 1, 0) != 1) {
		errno = EPIPE;
		return -1;
	}
	if (answer.code == 'S')
		return bsock_fdpass_recv(sock, &byte, 1, fd, 0) == 1 ? 0 : -1;
	errno = EPROTO;
	if (recv(sock, &answer.stage, 5, MSG_WAITALL) == 5)
		errno = answer.error;
	return -1;
}

/* --- portlisten: connections that arrive through a datagram socket ----- */

static int
receiver_prepare(struct client *client)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(client->path);

	if (len >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, client->path, len);
	(void)unlink(client->path);
	client->stream = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (client->stream < 0)
		return -1;
	return bind(client->stream, (struct sockaddr *)&sun, sizeof(sun));
}

/* Connect, and take the other end of that connection from the receiver. */
static int
receiver_request(struct client *client, int *fd)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	char byte;
	int got = -1;

	/* No TIME_WAIT left behind: thousands would use up the ports. */
	(void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(*fd, client->ai.ai_addr, client->ai.ai_addrlen) != 0 ||
	    bsock_fdpass_recv(client->stream, &byte, 1, &got, 0) != 1)
		return -1;
	if (got < 0) {
		errno = EPROTO;
		return -1;
	}
	return close(got);
}

/* ------------------------------------------------------------------------ */

static const struct kind kinds[] = {
    {"bind", "bind(2): a privileged user's own, or what is preloaded", false,
	false, NULL, plain_request},
    {"library", "bsock_bind_addrinfo()", false, false, NULL, library_request},
    {"wire", "bsock's binary request, by hand", true, false, wire_prepare,
	message_request},
    {"text", "bsock's text request, by hand", true, false, text_prepare,
	message_request},
    {"binder", "a socket_binder request", true, false, binder_prepare,
	message_request},
    {"creator", "a socket creator's request (-x PROGRAM)", false, true,
	creator_prepare, creator_request},
    {"receiver", "a connection through portlisten (SOCKET: the receiver's)",
	true, false, receiver_prepare, receiver_request},
};

const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) == 0)
			return &kinds[i];
	}
	return NULL;
}

void
kind_list(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		(void)printf("  %-9s %s\n", kinds[i].name, kinds[i].help);
}
