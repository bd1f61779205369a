/*
 * bsock_loop - the main thread of a daemon that serves, until its end
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_loop.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "bsock_clock.h"
#include "bsock_compat.h"
#include "bsock_log.h"
#include "bsock_reload.h"
#include "bsock_sandbox.h"
#include "bsock_sdnotify.h"
#include "bsock_signals.h"
#include "bsock_snapshot.h"
#include "bsock_trim.h"
#include "bsock_upgrade.h"
#include "bsock_worker.h"

/* Lines of the log are gathered for so long while there are many. */
#define LOG_GATHER_MS      5
#define LOG_RETRY_MS       200
#define SUPPRESSED_TICK_MS 1000
#define STORE_RETRY_MS     100

/* --- the threads ------------------------------------------------------- */

/* Posted by each thread that is confined; main waits for all of them. */
static sem_t confined;

/*
 * No thread serves without its filter.  The log is main's to write, but main
 * waits for this very thread.
 */
static void
end_unconfined(int error)
{
	static pthread_mutex_t one_speaks = PTHREAD_MUTEX_INITIALIZER;

	(void)pthread_mutex_lock(&one_speaks);
	bsock_log(LOG_CRIT, "a thread cannot be confined, ending: %s",
	    bsock_compat_strerror(error));
	(void)bsock_log_drain();
	_exit(1);
}

/* First in each thread.  Main's own filter is in force by then, so that a
 * kernel without any is known. */
static void
confine_thread(void)
{
	if (bsock_sandbox_exists() && bsock_sandbox_serve() != 0)
		end_unconfined(errno);
	(void)sem_post(&confined);
}

static void
wait_until_confined(unsigned threads)
{
	while (threads > 0)
		if (sem_wait(&confined) == 0)
			threads--;
}

int
bsock_loop_start_workers(const struct bsock_loop *loop)
{
	const struct bsock_worker_options options = {
	    .listener = loop->listener,
	    .threads = loop->options->threads,
	    .wake_fd = bsock_signals_wake_fd(),
	    .service = &loop->service,
	    .snapshot = loop->snapshot,
	    .confine = confine_thread,
	};

	if (sem_init(&confined, 0, 0) != 0 ||
	    bsock_worker_start(&options) != 0) {
		bsock_log(LOG_ERR, "cannot start the threads: %s",
		    bsock_compat_strerror(errno));
		return -1;
	}
	wait_until_confined(options.threads + 1); /* and the parker */
	return 0;
}

static void
log_loaded(const struct bsock_loop *loop, const char *what)
{
	bsock_log(LOG_NOTICE, "%s: %zu rules, %zu reserved addresses", what,
	    bsock_authz_count(loop->snapshot->authz),
	    bsock_resvaddr_set_count(loop->snapshot->reserved));
}

static void
notify_ready(const struct bsock_loop *loop)
{
	char state[160];

	(void)snprintf(state, sizeof(state),
	    "READY=1\nSTATUS=%zu rules, %zu reserved addresses",
	    bsock_authz_count(loop->snapshot->authz),
	    bsock_resvaddr_set_count(loop->snapshot->reserved));
	(void)bsock_sdnotify_send(state);
}

/* --- reload ------------------------------------------------------------ */

static void
reload_failed(struct bsock_loop *loop, const char *error)
{
	bsock_log(LOG_ERR, "reload failed, nothing has changed: %s", error);
	bsock_status_failed(&loop->loads, error);
}

static void
reload_begin(struct bsock_loop *loop)
{
	if (bsock_reload_running())
		return; /* it stays pending: once more afterwards */
	bsock_signals_clear(BSOCK_SIGNALS_RELOAD);
	(void)bsock_sdnotify_reloading();
	if (bsock_reload_begin(
		&loop->config_options, bsock_signals_wake_fd()) != 0)
		reload_failed(loop, bsock_compat_strerror(errno));
}

static void
reload_swap(struct bsock_loop *loop, struct bsock_loaded *loaded)
{
	struct bsock_snapshot *old = loop->snapshot;
	struct bsock_snapshot *next = bsock_snapshot_make(loaded, old);

	if (next == NULL) {
		bsock_config_free(&loaded->config);
		reload_failed(loop, bsock_compat_strerror(ENOMEM));
		return;
	}
	bsock_worker_swap(next);
	loop->snapshot = next;
	bsock_status_loaded(&loop->loads);
	bsock_snapshot_retire(old, next);
	bsock_trim();
	log_loaded(loop, "reloaded");
}

static void
reload_finish(struct bsock_loop *loop)
{
	struct bsock_loaded loaded;
	char error[512];

	if (!bsock_reload_finish(&loaded, error, sizeof(error)))
		return;
	if (loaded.result == 0)
		reload_swap(loop, &loaded);
	else
		reload_failed(loop, error);
	notify_ready(loop);
}

/* --- STATUS and re-exec ------------------------------------------------ */

/* Those who ask for STATUS are answered here, where nobody waits for it. */
static void
answer_status(struct bsock_loop *loop)
{
	const struct bsock_status status = {
	    .started = loop->started,
	    .loads = &loop->loads,
	    .reloading = bsock_reload_running(),
	    .rules = bsock_authz_count(loop->snapshot->authz),
	    .waiting = bsock_worker_parked(),
	    .counters = &loop->counters,
	    .reserved = loop->snapshot->reserved,
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
 * Returns 0 when the daemon goes on as it was, -1 when it cannot.
 */
static int
upgrade(struct bsock_loop *loop)
{
	const char *program = loop->options->program;
	struct bsock_loaded loaded;

	bsock_signals_clear(BSOCK_SIGNALS_UPGRADE);
	if (bsock_reload_now(&loop->config_options, &loaded) != 0) {
		bsock_log(LOG_ERR, "not replaced: the config has errors");
		return 0;
	}
	bsock_config_free(&loaded.config);
	bsock_log(LOG_NOTICE, "replacing this process by %s", program);
	answer_status(loop);
	bsock_worker_stop();
	(void)bsock_log_drain();
	(void)bsock_upgrade(loop->options, loop->listener, loop->listener_given,
	    loop->lock_fd, loop->snapshot->reserved);
	bsock_log(LOG_ERR, "%s: cannot replace this process: %s", program,
	    bsock_compat_strerror(errno));
	return bsock_loop_start_workers(loop);
}

/* --- the log ----------------------------------------------------------- */

/* Writes the log out, but not more often than LOG_GATHER_MS; returns when to
 * do so again. */
static int
tend_log(void)
{
	static struct timespec next; /* not before, while many lines come */
	static bool rest;            /* could not be written */
	int left = bsock_fdpass_left(&next);

	if (left > 0)
		return left;
	rest = bsock_log_drain();
	next = bsock_fdpass_deadline(rest ? LOG_RETRY_MS : LOG_GATHER_MS);
	return rest ? LOG_RETRY_MS : -1;
}

static int
tend_suppressed(void)
{
	static struct timespec next;

	if (bsock_fdpass_left(&next) == 0) {
		if (!bsock_log_report_suppressed())
			return -1;
		next = bsock_fdpass_deadline(SUPPRESSED_TICK_MS);
	}
	return bsock_fdpass_left(&next) + 1;
}

/* --- the loop ---------------------------------------------------------- */

/* What has no signal of its own; returns when to look again (milliseconds,
 * -1: no need). */
static int
tend(struct bsock_loop *loop)
{
	int timeout;

	answer_status(loop);
	bsock_resvaddr_watch(loop->snapshot->reserved);
	timeout = bsock_resvaddr_timeout(loop->snapshot->reserved);
	if (bsock_resvaddr_store(loop->snapshot->reserved))
		timeout = bsock_clock_sooner(timeout, STORE_RETRY_MS);
	timeout = bsock_clock_sooner(timeout, bsock_sdnotify_watchdog());
	timeout = bsock_clock_sooner(timeout, bsock_worker_tend());
	timeout = bsock_clock_sooner(timeout, tend_log());
	return bsock_clock_sooner(timeout, tend_suppressed());
}

static void
finish(struct bsock_loop *loop)
{
	(void)bsock_sdnotify_send("STOPPING=1");
	if (!loop->listener_given) {
		(void)unlink(loop->options->socket);
		bsock_worker_drain();
	}
	answer_status(loop);
	bsock_worker_stop();
	/* What the service manager stores is not released. */
	if (!bsock_sdnotify_active())
		bsock_snapshot_retire(loop->snapshot, NULL);
	bsock_log(LOG_NOTICE, "ended");
	(void)bsock_log_drain();
}

int
bsock_loop_run(struct bsock_loop *loop)
{
	int timeout = -1;

	notify_ready(loop);
	while (!bsock_signals_pending(BSOCK_SIGNALS_END)) {
		bsock_signals_wait(bsock_resvaddr_watch_fd(), timeout);
		reload_finish(loop);
		if (bsock_signals_pending(BSOCK_SIGNALS_RELOAD))
			reload_begin(loop);
		if (bsock_signals_pending(BSOCK_SIGNALS_UPGRADE) &&
		    !bsock_reload_running() && upgrade(loop) != 0)
			return -1;
		timeout = tend(loop);
	}
	finish(loop);
	return 0;
}
