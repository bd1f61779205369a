/*
 * bsock_serve - one request, from its bytes to its log line
 *
 * The same function serves the daemon's connections, the one-request forms
 * of bsock and the private broker of bsock-run.  It waits for nobody,
 * allocates nothing, and keeps nothing of one request for the next.
 */
#ifndef BSOCK_SERVE_H
#define BSOCK_SERVE_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bsock_authz.h"
#include "bsock_bindresvport.h"
#include "bsock_fdpass.h"
#include "bsock_reason.h"
#include "bsock_resvaddr.h"
#include "bsock_wire.h"

struct bsock_counters {
	atomic_ullong granted;
	atomic_ullong refused[BSOCK_REASONS];
};

/* One config: immutable, swapped whole. */
struct bsock_snapshot {
	struct bsock_authz *authz;
	struct bsock_resvaddr_set *reserved; /* NULL: nothing is kept */
	struct bsock_bindresvport_skip skip;
};

struct bsock_caller;

/* What does not change while requests are served. */
struct bsock_service {
	uint64_t netns; /* of the daemon; 0 where systems do not tell */
	bool in_userns; /* then this uid is nobody in particular: */
	uid_t overflow_uid;
	gid_t status_gid; /* besides root, who may ask for STATUS */
	struct bsock_counters *counters;
	bool quiet; /* no log lines: the one-request forms */
	/* bsock-run -a: who may ask at all, and, after the answer to
	 * somebody who may, how it went; NULL: everybody, nothing. */
	bool (*admit)(void *ctx, const struct bsock_caller *caller);
	void (*settled)(void *ctx, bool granted);
	void *ctx;
};

/* Who asks, over which connection.  Made by the one who accepted it. */
struct bsock_caller {
	int conn;
	struct bsock_peer peer;
	struct timespec since; /* accepted, CLOCK_MONOTONIC */
	gid_t *groups;         /* room for the supplementary groups, */
	size_t groups_max;     /* the serving thread's own */
	int ngroups;           /* -1: the kernel was not asked yet */
};

enum bsock_after {
	BSOCK_AFTER_CLOSE,  /* answered: close the connection */
	BSOCK_AFTER_LINGER, /* the reply carried a descriptor: close once it
			     * is read, it counts against us until then */
	BSOCK_AFTER_STATUS, /* an authorised STATUS request, not answered */
};

/* The service of this process: namespaces are asked for once. */
void bsock_service_init(
    struct bsock_service *service, struct bsock_counters *counters);

/* The supplementary groups, asked of the kernel once a caller. */
struct bsock_authz_caller bsock_caller_groups(struct bsock_caller *caller);

/* Is there a rule that could apply to the caller? */
bool bsock_caller_known(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, struct bsock_caller *caller);

/*
 * Serve one request: the len bytes of buf, received with fd (or -1), which
 * is closed here.  The reply is sent and the outcome logged.  The errno value
 * that was answered is stored in *error (may be NULL).
 */
enum bsock_after bsock_serve(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, struct bsock_caller *caller,
    const void *buf, size_t len, int fd, int *error);

/* The outcome for a caller whose request never came: EAGAIN or ETIME is
 * sent, counted and logged. */
void bsock_serve_refuse(const struct bsock_service *service,
    struct bsock_caller *caller, int error, enum bsock_reason reason);

/*
 * The same decision and bind for a socket that is at hand (no connection,
 * nothing is kept): returns 0 or an errno value.
 */
int bsock_serve_socket(const struct bsock_service *service,
    const struct bsock_snapshot *snapshot, struct bsock_caller *caller,
    const struct bsock_addr *addr, int fd);

#endif
