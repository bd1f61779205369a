/*
 * bsock_daemon - bsock -d: from its options to a daemon that serves
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_daemon.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_control.h"
#include "bsock_detach.h"
#include "bsock_log.h"
#include "bsock_loop.h"
#include "bsock_paths.h"
#include "bsock_priv.h"
#include "bsock_reload.h"
#include "bsock_sandbox.h"
#include "bsock_sdnotify.h"
#include "bsock_signals.h"
#include "bsock_snapshot.h"
#include "bsock_state.h"
#include "bsock_trim.h"

/* What only the start needs, and (loop) what it makes. */
struct daemon {
	const struct bsock_daemon_options *options;
	bool restarted; /* by a re-exec, with this state: */
	struct bsock_state state;
	int ready_fd; /* the waiting parent, or -1 */
	struct bsock_control control;
	struct bsock_loop loop;
};

/* --- what a config needs ----------------------------------------------- */

static unsigned
caps_of_needs(unsigned needs)
{
	unsigned caps = 0;

	if ((needs & BSOCK_CONFIG_NEEDS_LOW_PORT) != 0)
		caps |= BSOCK_PRIV_NET_BIND;
	if ((needs & BSOCK_CONFIG_NEEDS_CHOWN) != 0)
		caps |= BSOCK_PRIV_CHOWN;
	return caps;
}

/*
 * What to keep for this config.  An empty one says nothing about what the
 * administrator will write into it: then everything is kept that a config
 * can need, so that the first rule works after a reload.
 */
static unsigned
needs_to_keep(const struct bsock_config *config)
{
	if (bsock_authz_count(config->authz) == 0 && config->nreserved == 0)
		return BSOCK_CONFIG_NEEDS_LOW_PORT | BSOCK_CONFIG_NEEDS_CHOWN;
	return config->needs;
}

/* --- start ------------------------------------------------------------- */

/* From here on only what the config needs can be done. */
static int
drop_privilege(struct daemon *d, unsigned needs)
{
	const struct bsock_daemon_options *o = d->options;
	unsigned caps = caps_of_needs(needs);
	unsigned had = bsock_priv_held();

	if (bsock_priv_limits() != 0) {
		bsock_log(LOG_ERR, "cannot set resource limits: %s",
		    bsock_compat_strerror(errno));
		return -1;
	}
	if ((o->user != NULL && geteuid() != o->uid
		    ? bsock_priv_become(o->uid, o->gid, caps)
		    : bsock_priv_keep(caps)) != 0) {
		bsock_log(LOG_ERR, "cannot give privileges up: %s",
		    bsock_compat_strerror(errno));
		return -1;
	}
	/* What was given up cannot be had back at a reload.  An ordinary user
	 * gave nothing up: there the kernel says no to each bind. */
	d->loop.config_options.allowed_needs = had != 0 ? needs : ~0u;
	return 0;
}

/* Addresses that an earlier daemon held: the next snapshot takes them over.
 * Returns what must live until then. */
static struct bsock_resvaddr_saved *
inherit_addresses(struct daemon *d)
{
	struct bsock_resvaddr_saved *saved = d->state.saved;
	size_t n = d->state.nsaved;

	if (!d->restarted)
		saved = bsock_resvaddr_stored(&n);
	bsock_resvaddr_adopt(saved, n);
	return saved;
}

static int
load_config(struct daemon *d)
{
	const struct bsock_daemon_options *o = d->options;
	struct bsock_resvaddr_saved *inherited;
	struct bsock_loaded loaded;
	unsigned needs;

	d->loop.config_options = (struct bsock_config_options){
	    .rules_path = o->config,
	    .resvaddr_path = o->resvaddr,
	    .allowed_needs = ~0u,
	    .low_ports = bsock_priv_unprivileged_port(),
	    .no_unix = o->user != NULL,
	    .own_uid = o->user != NULL ? o->uid : geteuid(),
	};
	if (bsock_reload_now(&d->loop.config_options, &loaded) != 0) {
		bsock_log(LOG_ERR, "cannot start: the config has errors");
		return -1;
	}
	d->loop.config_options.resvaddr_required = true;
	needs = needs_to_keep(&loaded.config);
	if (drop_privilege(d, needs) != 0)
		return -1;
	inherited = inherit_addresses(d);
	d->loop.snapshot = bsock_snapshot_make(&loaded, NULL);
	free(inherited);
	d->state.saved = NULL;
	bsock_sdnotify_close_rest();
	bsock_status_loaded(&d->loop.loads);
	(void)clock_gettime(CLOCK_MONOTONIC, &d->loop.started);
	if (d->loop.snapshot == NULL)
		bsock_log(
		    LOG_ERR, "cannot start: %s", bsock_compat_strerror(ENOMEM));
	return d->loop.snapshot != NULL ? 0 : -1;
}

static int
open_control(struct daemon *d)
{
	const struct bsock_daemon_options *o = d->options;

	d->control = (struct bsock_control){
	    .path = o->socket,
	    .owner = (uid_t)-1,
	    .group = o->group,
	    .mode = o->mode,
	    .lock_fd = -1,
	};
	if (d->restarted && d->state.control >= 0) {
		d->loop.listener = d->state.control;
		d->loop.listener_given = d->state.control_given;
		d->control.lock_fd = d->state.lock;
		return 0;
	}
	if (bsock_control_lock(&d->control) != 0)
		return -1;
	d->loop.listener = bsock_sdnotify_take_listener();
	d->loop.listener_given = d->loop.listener >= 0;
	if (d->loop.listener < 0)
		d->loop.listener = bsock_control_listen(&d->control);
	return d->loop.listener < 0 ? -1 : 0;
}

static int
confine_main(const struct daemon *d)
{
	if (d->restarted && bsock_sandbox_is_on())
		return 0;
	if (!bsock_sandbox_exists())
		bsock_log(LOG_WARNING,
		    "no system call filter in this kernel or build");
	else if (bsock_sandbox_main() != 0) {
		bsock_log(LOG_ERR, "cannot confine the main thread: %s",
		    bsock_compat_strerror(errno));
		return -1;
	}
	return 0;
}

static int
start_service(struct daemon *d)
{
	struct bsock_loop *loop = &d->loop;

	bsock_service_init(&loop->service, &loop->counters);
	loop->service.status_gid = d->options->group;
	loop->lock_fd = d->control.lock_fd;
	bsock_log_queue(bsock_signals_wake_fd());
	if (bsock_sdnotify_active())
		bsock_resvaddr_want_changes();
	return bsock_loop_start_workers(loop);
}

/* Started anew, or by ourselves with everything that is held? */
static void
look_back(struct daemon *d)
{
	const char *why;

	d->restarted = bsock_state_load(&d->state, &why);
	if (why != NULL)
		bsock_log(LOG_ERR,
		    "BSOCK_STATE of an earlier bsock is not used: %s", why);
	bsock_sdnotify_start();
	if (d->restarted && !d->options->foreground)
		bsock_log_open(BSOCK_LOG_SYSLOG, BSOCK_SYSLOG_FACILITY);
}

static int
start(struct daemon *d)
{
	look_back(d);
	d->ready_fd =
	    d->options->foreground || d->restarted ? -1 : bsock_detach();
	(void)umask(0177);
	if (chdir("/") != 0 || bsock_signals_catch() != 0) {
		bsock_log(
		    LOG_ERR, "cannot start: %s", bsock_compat_strerror(errno));
		return -1;
	}
	if (open_control(d) != 0 || load_config(d) != 0 ||
	    confine_main(d) != 0 || start_service(d) != 0)
		return -1;
	bsock_trim();
	bsock_log(LOG_NOTICE, "serving %s: %zu rules, %zu reserved addresses",
	    d->options->socket, bsock_authz_count(d->loop.snapshot->authz),
	    bsock_resvaddr_set_count(d->loop.snapshot->reserved));
	if (d->ready_fd >= 0) {
		bsock_log_open(BSOCK_LOG_SYSLOG, BSOCK_SYSLOG_FACILITY);
		bsock_detach_done(d->ready_fd);
		d->ready_fd = -1;
	}
	return 0;
}

int
bsock_daemon_begin(void)
{
	bsock_signals_block();
	return bsock_priv_open_standard_fds();
}

int
bsock_daemon(const struct bsock_daemon_options *options)
{
	static struct daemon d;

	d.options = d.loop.options = options;
	d.loop.listener = -1;
	bsock_log_open(
	    options->foreground ? BSOCK_LOG_PRIORITY : BSOCK_LOG_STARTING,
	    BSOCK_SYSLOG_FACILITY);
	if (start(&d) == 0 && bsock_loop_run(&d.loop) == 0)
		return 0;
	if (d.loop.listener >= 0 && !d.loop.listener_given)
		(void)unlink(options->socket);
	(void)bsock_log_drain();
	return 1;
}
