/*
 * bsock_loop - the main thread of a daemon that serves, until its end
 *
 * What main does beside the threads that serve: reload, re-exec, the log,
 * reserved addresses, STATUS.  It never reads a byte that a client sent.
 */
#ifndef BSOCK_LOOP_H
#define BSOCK_LOOP_H

#include <stdbool.h>
#include <time.h>

#include "bsock_config.h"
#include "bsock_daemon.h"
#include "bsock_serve.h"
#include "bsock_status.h"

/* What start-up made. */
struct bsock_loop {
	const struct bsock_daemon_options *options;
	struct bsock_config_options config_options; /* of every reload */
	int listener;
	bool listener_given; /* by LISTEN_FDS: its file is not ours */
	int lock_fd;         /* of the control socket, or -1 */
	struct bsock_counters counters;
	struct bsock_service service;
	struct bsock_snapshot *snapshot; /* what is served from */
	struct bsock_status_loads loads;
	struct timespec started; /* CLOCK_MONOTONIC */
};

/*
 * Start the serving threads.  Returns 0 once each is confined, or -1 after
 * having logged why not.  A thread that cannot be confined says so in the
 * log and ends the process.
 */
int bsock_loop_start_workers(const struct bsock_loop *loop);

/*
 * Tell the service manager that the daemon is ready, and run until it is to
 * end.  Returns 0 then: nobody is served any more, and what was held is
 * released, unless the service manager stores it.  Returns -1, logged, when a
 * re-exec failed and the threads cannot be started again: only exiting is
 * left.
 */
int bsock_loop_run(struct bsock_loop *loop);

#endif
