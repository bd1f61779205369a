#include "bsock_daemon.h"

#include <sys/stat.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_control.h"
#include "bsock_detach.h"
#include "bsock_log.h"
#include "bsock_paths.h"
#include "bsock_priv.h"
#include "bsock_reload.h"
#include "bsock_sandbox.h"
#include "bsock_sdnotify.h"
#include "bsock_snapshot.h"
#include "bsock_state.h"
#include "bsock_status.h"
#include "bsock_trim.h"
#include "bsock_upgrade.h"
#include "bsock_worker.h"

/* Lines of the log are gathered for so long while there are many. */
#define LOG_GATHER_MS      5
#define LOG_RETRY_MS       200
#define SUPPRESSED_TICK_MS 1000
#define STORE_RETRY_MS     100

/* Set by the signal handler, which writes a byte to wake as well. */
static volatile sig_atomic_t got_hup, got_end, got_usr2;
static int wake[2] = {-1, -1};

struct daemon {
	const struct bsock_daemon_options *options;
	struct bsock_config_options config_options;
	struct bsock_control control;
	int listener;
	bool listener_given; /* by LISTEN_FDS: its file is not ours */
	bool restarted;      /* by a re-exec, with this state: */
	struct bsock_state state;
	int ready_fd; /* the waiting parent, or -1 */
	struct bsock_counters counters;
	struct bsock_service service;
	struct bsock_snapshot *snapshot;
	struct bsock_status_loads loads;
	struct timespec started;
	struct timespec log_next; /* not before, while many lines come */
	bool log_left;            /* could not be written */
	struct timespec suppressed_next;
};

/* --- signals ----------------------------------------------------------- */

static void
on_signal(int signum)
{
	int saved = errno;
	ssize_t n;

	if (signum == SIGHUP)
		got_hup = 1;
	else if (signum == SIGUSR2)
		got_usr2 = 1;
	else
		got_end = 1;
	n = write(wake[1], "", 1);
	(void)n; /* a full pipe wakes as well */
	errno = saved;
}

static void
main_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGUSR2);
}

/* All signals stay blocked in every thread; main lets its own in while it
 * waits.  One that comes before is not lost. */
static void
mask_signals(int how)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(how, &all, NULL);
}

static void
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	(void)sigaction(SIGHUP, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGUSR2, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
}

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

static void
log_loaded(const struct daemon *d, const char *what)
{
	bsock_log(LOG_NOTICE, "%s: %zu rules, %zu reserved addresses", what,
	    bsock_authz_count(d->snapshot->authz),
	    bsock_resvaddr_set_count(d->snapshot->reserved));
}

/* --- the service manager ----------------------------------------------- */

static void
notify_ready(const struct daemon *d)
{
	char state[160];

	(void)snprintf(state, sizeof(state),
	    "READY=1\nSTATUS=%zu rules, %zu reserved addresses",
	    bsock_authz_count(d->snapshot->authz),
	    bsock_resvaddr_set_count(d->snapshot->reserved));
	(void)bsock_sdnotify_send(state);
}

/* --- reload ------------------------------------------------------------ */

static void
reload_failed(struct daemon *d, const char *error)
{
	bsock_log(LOG_ERR, "reload failed, nothing has changed: %s", error);
	bsock_status_failed(&d->loads, error);
}

static void
reload_begin(struct daemon *d)
{
	if (bsock_reload_running())
		return; /* got_hup stays: once more afterwards */
	got_hup = 0;
	(void)bsock_sdnotify_reloading();
	if (bsock_reload_begin(&d->config_options, wake[1]) != 0)
		reload_failed(d, strerror(errno));
}

static void
reload_swap(struct daemon *d, struct bsock_loaded *loaded)
{
	struct bsock_snapshot *old = d->snapshot;
	struct bsock_snapshot *next = bsock_snapshot_make(loaded, old);

	if (next == NULL) {
		bsock_config_free(&loaded->config);
		reload_failed(d, strerror(ENOMEM));
		return;
	}
	bsock_worker_swap(next);
	d->snapshot = next;
	bsock_status_loaded(&d->loads);
	bsock_snapshot_retire(old, next);
	bsock_trim();
	log_loaded(d, "reloaded");
}

static void
reload_finish(struct daemon *d)
{
	struct bsock_loaded loaded;
	char error[512];

	if (!bsock_reload_finish(&loaded, error, sizeof(error)))
		return;
	if (loaded.result == 0)
		reload_swap(d, &loaded);
	else
		reload_failed(d, error);
	notify_ready(d);
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
		bsock_log(
		    LOG_ERR, "cannot set resource limits: %s", strerror(errno));
		return -1;
	}
	if ((o->user != NULL && geteuid() != o->uid
		    ? bsock_priv_become(o->uid, o->gid, caps)
		    : bsock_priv_keep(caps)) != 0) {
		bsock_log(
		    LOG_ERR, "cannot give privileges up: %s", strerror(errno));
		return -1;
	}
	/* What was given up cannot be had back at a reload.  An ordinary user
	 * gave nothing up: there the kernel says no to each bind. */
	d->config_options.allowed_needs = had != 0 ? needs : ~0u;
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

	d->config_options = (struct bsock_config_options){
	    .rules_path = o->config,
	    .resvaddr_path = o->resvaddr,
	    .allowed_needs = ~0u,
	    .low_ports = bsock_priv_unprivileged_port(),
	    .no_unix = o->user != NULL,
	    .own_uid = o->user != NULL ? o->uid : geteuid(),
	};
	if (bsock_reload_now(&d->config_options, &loaded) != 0) {
		bsock_log(LOG_ERR, "cannot start: the config has errors");
		return -1;
	}
	d->config_options.resvaddr_required = true;
	needs = needs_to_keep(&loaded.config);
	if (drop_privilege(d, needs) != 0)
		return -1;
	inherited = inherit_addresses(d);
	d->snapshot = bsock_snapshot_make(&loaded, NULL);
	free(inherited);
	d->state.saved = NULL;
	bsock_sdnotify_close_rest();
	bsock_status_loaded(&d->loads);
	(void)clock_gettime(CLOCK_MONOTONIC, &d->started);
	if (d->snapshot == NULL)
		bsock_log(LOG_ERR, "cannot start: %s", strerror(ENOMEM));
	return d->snapshot != NULL ? 0 : -1;
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
		d->listener = d->state.control;
		d->listener_given = d->state.control_given;
		d->control.lock_fd = d->state.lock;
		return 0;
	}
	if (bsock_control_lock(&d->control) != 0)
		return -1;
	d->listener = bsock_sdnotify_take_listener();
	d->listener_given = d->listener >= 0;
	if (d->listener < 0)
		d->listener = bsock_control_listen(&d->control);
	return d->listener < 0 ? -1 : 0;
}

/* In each serving thread.  Main's own filter is in force by then, so that a
 * kernel without any is known.  No thread serves without its own: the daemon
 * ends, and says so itself, since nobody would write its log any more. */
static void
confine_thread(void)
{
	static const char why[] =
	    "<2>bsock: a serving thread cannot be confined, ending\n";
	ssize_t n;

	if (!bsock_sandbox_exists() || bsock_sandbox_serve() == 0)
		return;
	n = write(STDERR_FILENO, why, sizeof(why) - 1);
	(void)n; /* nobody is left to tell */
	_exit(1);
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
		    strerror(errno));
		return -1;
	}
	return 0;
}

static int
start_workers(struct daemon *d)
{
	const struct bsock_worker_options options = {
	    .listener = d->listener,
	    .threads = d->options->threads,
	    .wake_fd = wake[1],
	    .service = &d->service,
	    .snapshot = d->snapshot,
	    .confine = confine_thread,
	};

	if (bsock_worker_start(&options) == 0)
		return 0;
	bsock_log(LOG_ERR, "cannot start the threads: %s", strerror(errno));
	return -1;
}

static int
start_service(struct daemon *d)
{
	bsock_service_init(&d->service, &d->counters);
	d->service.status_gid = d->options->group;
	bsock_log_queue(wake[1]);
	if (bsock_sdnotify_active())
		bsock_resvaddr_want_changes();
	return start_workers(d);
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
	catch_signals();
	(void)umask(0177);
	if (chdir("/") != 0 || bsock_compat_pipe(wake) != 0) {
		bsock_log(LOG_ERR, "cannot start: %s", strerror(errno));
		return -1;
	}
	if (open_control(d) != 0 || load_config(d) != 0 ||
	    confine_main(d) != 0 || start_service(d) != 0)
		return -1;
	bsock_trim();
	bsock_log(LOG_NOTICE, "serving %s: %zu rules, %zu reserved addresses",
	    d->options->socket, bsock_authz_count(d->snapshot->authz),
	    bsock_resvaddr_set_count(d->snapshot->reserved));
	if (d->ready_fd >= 0) {
		bsock_log_open(BSOCK_LOG_SYSLOG, BSOCK_SYSLOG_FACILITY);
		bsock_detach_done(d->ready_fd);
		d->ready_fd = -1;
	}
	notify_ready(d);
	return 0;
}

/* --- the loop ---------------------------------------------------------- */

static int
sooner(int a, int b)
{
	if (a < 0)
		return b;
	return b >= 0 && b < a ? b : a;
}

/* Writes the log out, but not more often than LOG_GATHER_MS; returns when to
 * do so again. */
static int
tend_log(struct daemon *d)
{
	int left = bsock_fdpass_left(&d->log_next);

	if (left > 0)
		return left;
	d->log_left = bsock_log_drain();
	d->log_next =
	    bsock_fdpass_deadline(d->log_left ? LOG_RETRY_MS : LOG_GATHER_MS);
	return d->log_left ? LOG_RETRY_MS : -1;
}

static int
tend_suppressed(struct daemon *d)
{
	if (bsock_fdpass_left(&d->suppressed_next) == 0) {
		if (!bsock_log_report_suppressed())
			return -1;
		d->suppressed_next = bsock_fdpass_deadline(SUPPRESSED_TICK_MS);
	}
	return bsock_fdpass_left(&d->suppressed_next) + 1;
}

static void
wait_for_events(int timeout)
{
	struct pollfd polls[2] = {
	    {.fd = wake[0], .events = POLLIN},
	    {.fd = bsock_resvaddr_watch_fd(), .events = POLLIN},
	};
	char buf[256];
	sigset_t set;

	main_signals(&set);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)poll(polls, 2, timeout);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (read(wake[0], buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		;
}

/* Those who ask for STATUS are answered here, where nobody waits for it. */
static void
answer_status(struct daemon *d)
{
	const struct bsock_status status = {
	    .started = d->started,
	    .loads = &d->loads,
	    .reloading = bsock_reload_running(),
	    .rules = bsock_authz_count(d->snapshot->authz),
	    .waiting = bsock_worker_parked(),
	    .counters = &d->counters,
	    .reserved = d->snapshot->reserved,
	};
	int conn;

	while ((conn = bsock_worker_next_status()) >= 0) {
		bsock_status_answer(conn, &status);
		bsock_worker_answered();
	}
}

/*
 * SIGUSR2: exec the program anew.  Requests in hand are finished, later ones
 * wait in the socket's queue.  A config that would not load is found before.
 */
static void
upgrade(struct daemon *d)
{
	struct bsock_loaded loaded;

	got_usr2 = 0;
	if (bsock_reload_now(&d->config_options, &loaded) != 0) {
		bsock_log(LOG_ERR, "not replaced: the config has errors");
		return;
	}
	bsock_config_free(&loaded.config);
	bsock_log(
	    LOG_NOTICE, "replacing this process by %s", d->options->program);
	answer_status(d);
	bsock_worker_stop();
	(void)bsock_log_drain();
	(void)bsock_upgrade(d->options, d->listener, d->listener_given,
	    d->control.lock_fd, d->snapshot->reserved);
	bsock_log(LOG_ERR, "%s: cannot replace this process: %s",
	    d->options->program, strerror(errno));
	if (start_workers(d) != 0)
		got_end = 1;
}

static void
loop(struct daemon *d)
{
	int timeout = -1;

	while (!got_end) {
		wait_for_events(timeout);
		reload_finish(d);
		if (got_hup)
			reload_begin(d);
		if (got_usr2 && !bsock_reload_running())
			upgrade(d);
		answer_status(d);
		bsock_resvaddr_watch(d->snapshot->reserved);
		timeout = bsock_resvaddr_timeout(d->snapshot->reserved);
		if (bsock_resvaddr_store(d->snapshot->reserved))
			timeout = sooner(timeout, STORE_RETRY_MS);
		timeout = sooner(timeout, bsock_sdnotify_watchdog());
		timeout = sooner(timeout, bsock_worker_tend());
		timeout = sooner(timeout, tend_log(d));
		timeout = sooner(timeout, tend_suppressed(d));
	}
}

static void
finish(struct daemon *d)
{
	(void)bsock_sdnotify_send("STOPPING=1");
	if (!d->listener_given) {
		(void)unlink(d->options->socket);
		bsock_worker_drain();
	}
	answer_status(d);
	bsock_worker_stop();
	/* What the service manager stores is not released. */
	if (!bsock_sdnotify_active())
		bsock_snapshot_retire(d->snapshot, NULL);
	bsock_log(LOG_NOTICE, "ended");
	(void)bsock_log_drain();
}

int
bsock_daemon_begin(void)
{
	mask_signals(SIG_BLOCK);
	return bsock_priv_open_standard_fds();
}

int
bsock_daemon(const struct bsock_daemon_options *options)
{
	static struct daemon d;

	d.options = options;
	d.listener = -1;
	bsock_log_open(
	    options->foreground ? BSOCK_LOG_PRIORITY : BSOCK_LOG_STARTING,
	    BSOCK_SYSLOG_FACILITY);
	if (start(&d) != 0) {
		if (d.listener >= 0 && !d.listener_given)
			(void)unlink(options->socket);
		(void)bsock_log_drain();
		return 1;
	}
	loop(&d);
	finish(&d);
	return 0;
}
