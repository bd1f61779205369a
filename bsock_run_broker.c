/*
 * bsock_run_broker - a bsock of one command's own (bsock-run -a)
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_broker.h"

#include <sys/un.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_log.h"
#include "bsock_priv.h"
#include "bsock_run_fds.h"
#include "bsock_run_kin.h"
#include "bsock_run_say.h"
#include "bsock_worker.h"

#if HAVE_NOTIFY

#include <sys/random.h>
#include <sys/syscall.h>

#define PREFIX       "@bsock-run-"
#define RANDOM_BYTES 16
#define BACKLOG      128
#define THREADS      2

/* The broker process.  Fields below lock are under it. */
static struct {
	unsigned long limit;
	int lifeline;
	int wake[2];
	struct bsock_counters counters;
	struct bsock_service service;
	struct bsock_snapshot snapshot;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pid_t root; /* whose descendants are served */
	/* A serving thread asks, main looks. */
	enum { FREE, ASKED, LOOKED } look;
	const struct bsock_caller *caller;
	bool ours;
	/* Binds: those in hand may still fail. */
	unsigned long granted, in_hand;
} b = {
    .wake = {-1, -1},
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

static void
wake_main(void)
{
	(void)!write(b.wake[1], "", 1); /* a full pipe wakes as well */
}

/* --- the serving threads ask ------------------------------------------- */

/* Lock held, and let go while main looks. */
static bool
ask_main(const struct bsock_caller *caller)
{
	bool ours;

	while (b.look != FREE)
		(void)pthread_cond_wait(&b.changed, &b.lock);
	b.look = ASKED;
	b.caller = caller;
	wake_main();
	while (b.look != LOOKED)
		(void)pthread_cond_wait(&b.changed, &b.lock);
	ours = b.ours;
	b.look = FREE;
	(void)pthread_cond_broadcast(&b.changed);
	return ours;
}

/* The last one that is allowed may still fail: who comes after it waits. */
static bool
take_one(void)
{
	while (b.limit > 0 && b.in_hand > 0 && b.granted + b.in_hand >= b.limit)
		(void)pthread_cond_wait(&b.changed, &b.lock);
	if (b.limit > 0 && b.granted >= b.limit)
		return false;
	b.in_hand++;
	return true;
}

static bool
admit(void *ctx, const struct bsock_caller *caller)
{
	bool admitted;

	(void)ctx;
	(void)pthread_mutex_lock(&b.lock);
	admitted = ask_main(caller) && take_one();
	(void)pthread_mutex_unlock(&b.lock);
	return admitted;
}

static void
settled(void *ctx, bool granted)
{
	(void)ctx;
	(void)pthread_mutex_lock(&b.lock);
	b.in_hand--;
	if (granted)
		b.granted++;
	(void)pthread_cond_broadcast(&b.changed);
	(void)pthread_mutex_unlock(&b.lock);
	wake_main();
}

/* --- main answers ------------------------------------------------------ */

static void
look_for_threads(void)
{
	pid_t root;
	bool ours;

	(void)pthread_mutex_lock(&b.lock);
	if (b.look == ASKED) {
		root = b.root;
		(void)pthread_mutex_unlock(&b.lock);
		ours = bsock_run_kin_descends(
		    b.caller->conn, b.caller->peer.pid, root);
		(void)pthread_mutex_lock(&b.lock);
		b.ours = ours;
		b.look = LOOKED;
		(void)pthread_cond_broadcast(&b.changed);
	}
	(void)pthread_mutex_unlock(&b.lock);
}

static bool
used_up(void)
{
	bool used;

	(void)pthread_mutex_lock(&b.lock);
	used = b.limit > 0 && b.granted >= b.limit;
	(void)pthread_mutex_unlock(&b.lock);
	return used;
}

/* The keeper has introduced itself, or is gone: false. */
static bool
hear_keeper(void)
{
	pid_t root;

	if (read(b.lifeline, &root, sizeof(root)) != (ssize_t)sizeof(root))
		return false;
	(void)pthread_mutex_lock(&b.lock);
	b.root = root;
	(void)pthread_mutex_unlock(&b.lock);
	(void)!write(b.lifeline, "", 1);
	return true;
}

/* Until the keeper is gone or the binds are used up. */
static void
serve_until_over(void)
{
	char buf[64];

	for (;;) {
		struct pollfd polls[] = {
		    {.fd = b.lifeline, .events = POLLIN},
		    {.fd = b.wake[0], .events = POLLIN},
		};

		(void)poll(polls, 2, bsock_worker_tend());
		while (read(b.wake[0], buf, sizeof(buf)) > 0)
			;
		look_for_threads();
		(void)bsock_log_drain();
		if (used_up() || (polls[0].revents != 0 && !hear_keeper()))
			break;
	}
}

/* --- start ------------------------------------------------------------- */

static bool
needs_low_port(const struct bsock_broker *broker)
{
	for (size_t i = 0; i < broker->naddrs; i++)
		if (broker->addrs[i].port < IPPORT_RESERVED)
			return true;
	return broker->any;
}

static int
make_rules(const struct bsock_broker *broker)
{
	const struct bsock_authz_principal who = {
	    .kind = BSOCK_AUTHZ_UID, .id = broker->uid};

	b.snapshot.authz = bsock_authz_new(broker->naddrs);
	if (b.snapshot.authz == NULL)
		return -1;
	bsock_bindresvport_skip_init(&b.snapshot.skip);
	for (size_t i = 0; i < broker->naddrs; i++) {
		struct bsock_addr key;

		bsock_addr_key(&broker->addrs[i], &key);
		(void)bsock_authz_add(
		    b.snapshot.authz, &who, &key, (uint32_t)i + 1);
	}
	if (broker->any)
		bsock_authz_add_low_ports(b.snapshot.authz, broker->uid);
	return 0;
}

/* Nothing of the caller's stays open, so that nobody waits for us. */
static void
detach(int *listener, bool verbose)
{
	int *kept[] = {&b.lifeline, listener};

	bsock_run_fds_let_go(
	    STDIN_FILENO, verbose ? STDOUT_FILENO : STDERR_FILENO);
	bsock_run_fds_keep_only(kept, sizeof(kept) / sizeof(kept[0]));
	(void)setsid();
	(void)!chdir("/");
}

static int
start_serving(const struct bsock_broker *broker, int listener)
{
	const struct bsock_worker_options options = {
	    .listener = listener,
	    .threads = THREADS,
	    .wake_fd = b.wake[1],
	    .service = &b.service,
	    .snapshot = &b.snapshot,
	};

	bsock_log_open(BSOCK_LOG_PLAIN, 0);
	bsock_service_init(&b.service, &b.counters);
	b.service.quiet = !broker->verbose;
	b.service.admit = admit;
	b.service.settled = settled;
	bsock_log_queue(b.wake[1]);
	return bsock_worker_start(&options);
}

static void
be_broker(const struct bsock_broker *broker, int listener)
{
	sigset_t all;
	unsigned caps = needs_low_port(broker) ? BSOCK_PRIV_NET_BIND : 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
	b.root = getppid();
	b.limit = broker->binds;
	detach(&listener, broker->verbose);
	if (bsock_priv_limits() != 0 ||
	    bsock_priv_become(broker->uid, broker->gid, caps) != 0 ||
	    make_rules(broker) != 0 || bsock_compat_pipe(b.wake) != 0 ||
	    start_serving(broker, listener) != 0)
		_exit(1);
	(void)!write(b.lifeline, "", 1);
	serve_until_over();
	/* Every bind that was granted has been answered.  Whoever asks just
	 * now waits for main: there is no use in waiting for the threads. */
	(void)bsock_log_drain();
	_exit(0);
}

/* PREFIX and a random number, in hexadecimal. */
static int
make_name(char *name, size_t size)
{
	uint8_t bytes[RANDOM_BYTES];
	size_t len = strlen(PREFIX);

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	memcpy(name, PREFIX, sizeof(PREFIX));
	for (size_t i = 0; i < sizeof(bytes); i++)
		len +=
		    (size_t)snprintf(name + len, size - len, "%02x", bytes[i]);
	return 0;
}

static int
open_listener(const char *name)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = bsock_compat_socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	memcpy(sun.sun_path + 1, name + 1, len - 1);
	if (bind(fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) ==
		0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
spawn(const struct bsock_broker *broker, int listener, int pair[2], pid_t *pid)
{
	char byte;

	*pid = fork();
	if (*pid < 0)
		return -1;
	if (*pid == 0) {
		(void)close(pair[0]);
		b.lifeline = pair[1];
		be_broker(broker, listener);
	}
	(void)close(pair[1]);
	pair[1] = -1;
	if (read(pair[0], &byte, 1) == 1)
		return 0;
	errno = ECHILD;
	return -1;
}

int
bsock_broker_start(
    const struct bsock_broker *broker, const char **path, pid_t *pid)
{
	static char name[sizeof(PREFIX) + (size_t)2 * RANDOM_BYTES];
	int pair[2] = {-1, -1};
	int listener = -1;

	if (bsock_run_kin_parent(getpid()) != getppid()) {
		bsock_run_say("-a: needs /proc");
		return -1;
	}
	if (make_name(name, sizeof(name)) != 0 ||
	    (listener = open_listener(name)) < 0 ||
	    bsock_compat_socketpair(pair) != 0 ||
	    spawn(broker, listener, pair, pid) != 0) {
		bsock_run_say("-a: cannot start the broker: %s",
		    errno == ECHILD ? "it ended"
				    : bsock_compat_strerror(errno));
		return -1;
	}
	(void)close(listener);
	*path = name;
	return pair[0];
}

#else

int
bsock_broker_start(
    const struct bsock_broker *broker, const char **path, pid_t *pid)
{
	(void)broker;
	(void)path;
	(void)pid;
	bsock_run_say("-a needs Linux");
	return -1;
}

#endif

int
bsock_broker_allow(struct bsock_broker *broker, const char *arg)
{
	struct bsock_addr *addr = &broker->addrs[broker->naddrs];

	if (strcmp(arg, "any") == 0) {
		broker->any = true;
		return 0;
	}
	if (broker->naddrs == BSOCK_RUN_BROKER_MAX) {
		bsock_run_say("-a: at most %d addresses", BSOCK_RUN_BROKER_MAX);
		return -1;
	}
	if (bsock_run_say_address("-a", arg, arg, addr) != 0)
		return -1;
	if (addr->family == AF_UNIX) {
		bsock_run_say("-a %s: unix sockets need no privilege, only a "
			      "directory that the user may write to",
		    arg);
		return -1;
	}
	broker->naddrs++;
	return 0;
}
