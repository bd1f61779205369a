/*
 * bsock_reload - load the config while requests are served
 *
 * The files are read by a thread of their own, niced, so that neither a
 * request nor the main loop waits for a million lines or for a slow name
 * service.  Its messages are collected and logged by main, which all
 * functions belong to.
 */
#ifndef BSOCK_RELOAD_H
#define BSOCK_RELOAD_H

#include "bsock_config.h"
#include "bsock_serve.h"

struct bsock_loaded {
	int result; /* of bsock_config_load() */
	struct bsock_config config;
	struct bsock_bindresvport_skip skip; /* without the config's ports */
};

/* Start-up: load at once, messages go to the log.  Returns loaded->result:
 * 0, and loaded->config is the caller's to free, or -1. */
int bsock_reload_now(
    const struct bsock_config_options *options, struct bsock_loaded *loaded);

/* Begin to load in the background; a byte to wake_fd says when it is done.
 * options must stay.  Returns 0, or -1 and errno. */
int bsock_reload_begin(const struct bsock_config_options *options, int wake_fd);

/* Has one begun that bsock_reload_finish() has not ended yet? */
bool bsock_reload_running(void);

/*
 * When it is done: logs its messages, fills *loaded (config is the caller's
 * when result is 0) and returns true; the first error is copied to error.
 */
bool bsock_reload_finish(struct bsock_loaded *loaded, char *error, size_t size);

#endif
