/*
 * bsock_reload - load the config while requests are served
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_reload.h"

#include <sys/resource.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_log.h"

#define NICE 10

struct message {
	struct message *next;
	int priority;
	char text[];
};

static struct {
	pthread_t thread;
	bool running; /* main */
	atomic_bool done;
	int wake_fd;
	struct bsock_config_options options;
	struct bsock_loaded loaded;
	struct message *first, **last; /* the thread's, then main's */
	unsigned lost;                 /* no memory for them */
} reload;

static int
priority_of(enum bsock_config_severity severity)
{
	return severity == BSOCK_CONFIG_WARNING ? LOG_WARNING : LOG_ERR;
}

static void
report_to_log(void *ctx, enum bsock_config_severity severity, const char *text)
{
	(void)ctx;
	bsock_log(priority_of(severity), "%s", text);
}

int
bsock_reload_now(
    const struct bsock_config_options *options, struct bsock_loaded *loaded)
{
	struct bsock_config_options o = *options;

	o.report = report_to_log;
	bsock_bindresvport_skip_init(&loaded->skip);
	loaded->result = bsock_config_load(&loaded->config, &o);
	return loaded->result;
}

static void
report_to_list(void *ctx, enum bsock_config_severity severity, const char *text)
{
	size_t len = strlen(text);
	struct message *m = malloc(sizeof(*m) + len + 1);

	(void)ctx;
	if (m == NULL) {
		reload.lost++;
		return;
	}
	m->next = NULL;
	m->priority = priority_of(severity);
	memcpy(m->text, text, len + 1);
	*reload.last = m;
	reload.last = &m->next;
}

static void *
load(void *arg)
{
	ssize_t n;

	/* Linux: of this thread alone.  Not being able to is no failure. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	bsock_bindresvport_skip_init(&reload.loaded.skip);
	reload.loaded.result =
	    bsock_config_load(&reload.loaded.config, &reload.options);
	atomic_store(&reload.done, true);
	n = write(reload.wake_fd, "", 1);
	(void)n; /* a full pipe wakes as well */
	return arg;
}

int
bsock_reload_begin(const struct bsock_config_options *options, int wake_fd)
{
	int error;

	reload.options = *options;
	reload.options.report = report_to_list;
	reload.wake_fd = wake_fd;
	reload.first = NULL;
	reload.last = &reload.first;
	reload.lost = 0;
	atomic_store(&reload.done, false);
	error = pthread_create(&reload.thread, NULL, load, NULL);
	reload.running = error == 0;
	errno = error;
	return error == 0 ? 0 : -1;
}

bool
bsock_reload_running(void)
{
	return reload.running;
}

/* Logs and frees what the thread had to say; the first error goes to error. */
static void
log_messages(char *error, size_t size)
{
	bool seen = false;

	error[0] = '\0';
	while (reload.first != NULL) {
		struct message *m = reload.first;

		reload.first = m->next;
		if (m->priority == LOG_ERR && !seen) {
			(void)snprintf(error, size, "%s", m->text);
			seen = true;
		}
		bsock_log(m->priority, "%s", m->text);
		(void)bsock_log_drain(); /* more than the queue holds */
		free(m);
	}
	if (reload.lost > 0)
		bsock_log(LOG_ERR, "%u more messages: no memory for them",
		    reload.lost);
}

bool
bsock_reload_finish(struct bsock_loaded *loaded, char *error, size_t size)
{
	if (!reload.running || !atomic_load(&reload.done))
		return false;
	(void)pthread_join(reload.thread, NULL);
	reload.running = false;
	log_messages(error, size);
	*loaded = reload.loaded;
	return true;
}
