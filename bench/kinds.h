/*
 * kinds - the ways to get one socket bound that the load client measures
 */
#ifndef BENCH_KINDS_H
#define BENCH_KINDS_H

#include <sys/socket.h>
#include <sys/types.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One client: what it asks for, made once, and where it asks. */
struct client {
	const char *path;    /* the unix socket to ask at */
	const char *program; /* what to start, for kinds that need a child */
	int stream;          /* a connection that outlives a request, or -1 */
	pid_t child;
	struct sockaddr_in addr;
	struct addrinfo ai;
	uint8_t request[512];
	size_t len;
};

struct kind {
	const char *name;
	const char *help;
	bool needs_path;
	bool makes_socket; /* *fd is what comes back, not what is bound */
	/* Once per client.  Returns 0, or -1 and errno; may be NULL. */
	int (*prepare)(struct client *client);
	/* What stands in the place of bind(2).  Returns 0, or -1 and errno. */
	int (*request)(struct client *client, int *fd);
};

/* NULL when there is none of that name. */
const struct kind *kind_find(const char *name);
void kind_list(void);

/* address is numeric IPv4.  Returns 0, or -1 with EINVAL. */
int client_init(struct client *client, const char *address, unsigned port);
void client_end(struct client *client);

#endif
