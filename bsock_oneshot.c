/*
 * bsock_oneshot - one request without a daemon
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_oneshot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_config.h"
#include "bsock_paths.h"
#include "bsock_priv.h"
#include "bsock_serve.h"
#include "bsock_socket.h"

#define SOCK       STDIN_FILENO
#define TIMEOUT_MS 2000
#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

static gid_t groups[GROUPS_MAX];

struct oneshot {
	struct bsock_counters counters;
	struct bsock_service service;
	struct bsock_snapshot snapshot;
	struct bsock_caller caller;
};

static void
complain(const char *what)
{
	(void)fprintf(stderr, "bsock: %s\n", what);
}

/* What is wrong with the config is for its administrator: bsock -t. */
static void
report_nothing(void *ctx, enum bsock_config_severity severity, const char *text)
{
	(void)ctx;
	(void)severity;
	(void)text;
}

/* --- the config -------------------------------------------------------- */

/* Ports that a rule or a reservation names are not for searches. */
static void
skip_named_ports(
    struct bsock_bindresvport_skip *skip, const struct bsock_config *config)
{
	bsock_bindresvport_skip_init(skip);
	for (unsigned port = BSOCK_BINDRESVPORT_FIRST;
	     port <= BSOCK_BINDRESVPORT_LAST; port++)
		if (bsock_authz_names_port(config->authz, (uint16_t)port))
			bsock_bindresvport_skip_add(skip, (uint16_t)port);
	for (size_t i = 0; i < config->nreserved; i++)
		bsock_bindresvport_skip_add(
		    skip, config->reserved[i].addr.port);
}

/* The rest of what root may do is given up before the caller is heard. */
static int
keep_needed(unsigned needs)
{
	unsigned caps = 0;

	if ((needs & BSOCK_CONFIG_NEEDS_LOW_PORT) != 0)
		caps |= BSOCK_PRIV_NET_BIND;
	if ((needs & BSOCK_CONFIG_NEEDS_CHOWN) != 0)
		caps |= BSOCK_PRIV_CHOWN;
	return bsock_priv_keep(caps);
}

/*
 * A config that cannot be used has no rules: everything is refused, with a
 * proper answer.
 */
static int
load(struct oneshot *o)
{
	const struct bsock_config_options options = {
	    .rules_path = BSOCK_CONFIG_PATH,
	    .resvaddr_path = BSOCK_RESVADDR_PATH,
	    .allowed_needs = ~0u,
	    .own_uid = geteuid(),
	    .report = report_nothing,
	};
	struct bsock_config config = {.authz = NULL};

	if (bsock_config_load(&config, &options) != 0) {
		complain("its config cannot be used (bsock -t says why)");
		memset(&config, 0, sizeof(config));
		config.authz = bsock_authz_new(1);
		if (config.authz == NULL)
			return ENOMEM;
	}
	skip_named_ports(&o->snapshot.skip, &config);
	o->snapshot.authz = config.authz;
	return keep_needed(config.needs) != 0 ? errno : 0;
}

static int
prepare(struct oneshot *o)
{
	memset(o, 0, sizeof(*o));
	bsock_service_init(&o->service, &o->counters);
	o->service.quiet = true;
	o->caller.conn = -1;
	o->caller.groups = groups;
	o->caller.groups_max = GROUPS_MAX;
	o->caller.ngroups = -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &o->caller.since);
	return load(o);
}

/* Rules by group look at who runs this, not at who made the socket: that may
 * have been a process of the same user with more groups. */
static int
identify_real_user(struct bsock_caller *caller)
{
	int n = getgroups(GROUPS_MAX, groups);

	if (n < 0)
		return errno;
	caller->ngroups = n;
	caller->peer.uid = getuid();
	caller->peer.gid = getgid();
	caller->peer.pid = getppid();
	return 0;
}

/* --- a request over stdin ---------------------------------------------- */

/*
 * stdin may be a connection to anybody's server: the peer is the caller
 * only if it is of the user who runs this.
 */
static int
check_peer(struct oneshot *o)
{
	struct bsock_peer peer;
	int type = 0;
	socklen_t len = sizeof(type);
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t sslen = sizeof(ss);

	if (getsockopt(SOCK, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
		return errno;
	if (getpeername(SOCK, (struct sockaddr *)&ss, &sslen) != 0)
		return errno;
	if (type != SOCK_STREAM || ss.ss_family != AF_UNIX)
		return EINVAL;
	if (bsock_fdpass_peer(SOCK, &peer) != 0)
		return errno;
	o->caller.conn = SOCK;
	return peer.uid == o->caller.peer.uid ? 0 : EACCES;
}

static int
receive_and_serve(struct oneshot *o)
{
	struct timespec deadline = bsock_fdpass_deadline(TIMEOUT_MS);
	uint8_t buf[BSOCK_WIRE_REQUEST_SIZE];
	int error = 0, fd = -1;
	ssize_t n;

	if (bsock_fdpass_wait(SOCK, POLLIN, &deadline) != 1) {
		bsock_serve_refuse(
		    &o->service, &o->caller, ETIME, BSOCK_REASON_TIMEOUT);
		return ETIME;
	}
	n = bsock_fdpass_recv(SOCK, buf, sizeof(buf), &fd, MSG_DONTWAIT);
	if (n < 0)
		return errno;
	(void)bsock_serve(
	    &o->service, &o->snapshot, &o->caller, buf, (size_t)n, fd, &error);
	return error;
}

int
bsock_oneshot_stdin(void)
{
	static struct oneshot o;
	int error = prepare(&o);

	if (error == 0)
		error = identify_real_user(&o.caller);
	if (error == 0)
		error = check_peer(&o);
	if (error == 0)
		return receive_and_serve(&o);
	complain("stdin must be one end of a unix stream socketpair of the "
		 "user who runs this; bsock -h says more");
	return error;
}

/* --- a request in the arguments ---------------------------------------- */

/* One line of the five words: a word that holds a blank makes it longer. */
static int
parse_words(char *const words[5], struct bsock_addr *addr)
{
	struct bsock_addr_error wrong = {.reason = "five fields are needed"};
	struct bsock_addr_field fields[5];
	char line[BSOCK_WIRE_TEXT_MAX + 1];
	int n = snprintf(line, sizeof(line), "%s %s %s %s %s", words[0],
	    words[1], words[2], words[3], words[4]);

	if (n > 0 && (size_t)n < sizeof(line) &&
	    bsock_addr_split(line, (size_t)n, fields, 5) == 5 &&
	    bsock_addr_parse(addr, line, fields, NULL, &wrong) == 0)
		return 0;
	complain(wrong.reason);
	return EINVAL;
}

/* bind(2) binds in the socket's own network namespace, which must be ours. */
static int
check_namespace(const struct oneshot *o)
{
	return o->service.netns == 0 ||
		       bsock_socket_netns(SOCK) == o->service.netns
		   ? 0
		   : EACCES;
}

static const char *
explain(int error)
{
	switch (error) {
	case ENOTSOCK:
		return "stdin must be the socket to bind; bsock -h says more";
	case EINVAL:
		return "stdin is bound already, or not a socket of that kind";
	case EACCES:
		return "no rule in " BSOCK_CONFIG_PATH " lets this user have "
		       "it, or it is not in this network namespace";
	default:
		return bsock_compat_strerror(error);
	}
}

int
bsock_oneshot_words(char *const words[5])
{
	static struct oneshot o;
	struct bsock_addr addr;
	int error;

	if (parse_words(words, &addr) != 0)
		return EINVAL;
	error = prepare(&o);
	if (error == 0)
		error = identify_real_user(&o.caller);
	if (error == 0)
		error = bsock_socket_check(SOCK, &addr);
	if (error == 0)
		error = check_namespace(&o);
	if (error == 0)
		error = bsock_serve_socket(
		    &o.service, &o.snapshot, &o.caller, &addr, SOCK);
	if (error != 0)
		complain(explain(error));
	return error;
}
