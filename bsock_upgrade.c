/*
 * bsock_upgrade - the daemon replaces itself, with every socket kept
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_upgrade.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 20

/* The command line: as it was given, but with absolute paths, since the
 * working directory is / by now. */
struct words {
	char *argv[ARGS_MAX];
	int argc;
	char group[16], mode[16], threads[16];
};

static void
add(struct words *w, const char *word)
{
	/* execv(2) does not write to them; argv has no const. */
	w->argv[w->argc++] = (char *)(uintptr_t)word;
	w->argv[w->argc] = NULL;
}

static void
add_option(struct words *w, const char *option, const char *value)
{
	if (value == NULL)
		return;
	add(w, option);
	add(w, value);
}

static void
make_words(struct words *w, const struct bsock_daemon_options *o)
{
	w->argc = 0;
	add(w, o->argv[0]);
	add(w, "-d");
	if (o->foreground)
		add(w, "-F");
	add_option(w, "-c", o->config);
	add_option(w, "-r", o->resvaddr);
	add_option(w, "-s", o->socket);
	(void)snprintf(w->group, sizeof(w->group), "%u", (unsigned)o->group);
	(void)snprintf(w->mode, sizeof(w->mode), "%o", (unsigned)o->mode);
	(void)snprintf(w->threads, sizeof(w->threads), "%u", o->threads);
	if (o->group != (gid_t)-1)
		add_option(w, "-g", w->group);
	add_option(w, "-m", w->mode);
	add_option(w, "-j", w->threads);
	add_option(w, "-u", o->user);
}

int
bsock_upgrade(const struct bsock_daemon_options *options, int control,
    bool control_given, int lock, const struct bsock_resvaddr_set *set)
{
	size_t n = bsock_resvaddr_set_count(set);
	struct bsock_state state = {
	    .control = control,
	    .control_given = control_given,
	    .lock = lock,
	    .saved = calloc(n + 1, sizeof(*state.saved)),
	    .nsaved = n,
	};
	struct words words;
	int fd, error;

	if (state.saved == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		bsock_resvaddr_save(
		    bsock_resvaddr_set_at(set, i), &state.saved[i]);
	make_words(&words, options);
	fd = bsock_state_save(&state);
	if (fd >= 0)
		(void)execv(options->program, words.argv);
	error = errno;
	if (fd >= 0)
		bsock_state_undo(fd, &state);
	free(state.saved);
	errno = error;
	return -1;
}
