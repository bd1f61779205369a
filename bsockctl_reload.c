/*
 * bsockctl_reload - check, SIGHUP, and see whether the daemon took it
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bsock_compat.h"
#include "bsock_fdpass.h"
#include "bsockctl.h"

#define WAIT_MS 60000 /* a million rules, a slow name service */
#define LOOK_MS 20

/* How often the daemon has loaded its files, as it says itself. */
struct loads {
	unsigned long long pid, generation, failed;
	bool reloading;
	char error[512];
};

static int
look(const struct bsockctl *ctl, struct loads *loads)
{
	struct bsock_file answer;
	bool complete;

	memset(loads, 0, sizeof(*loads));
	if (bsockctl_ask(ctl, &answer) != 0)
		return -1;
	complete = bsockctl_number(answer.data, NULL, "pid", &loads->pid) &&
		   bsockctl_number(
		       answer.data, NULL, "generation", &loads->generation) &&
		   bsockctl_number(answer.data, NULL, "failed", &loads->failed);
	loads->reloading = strstr(answer.data, "\"reloading\":true") != NULL;
	(void)bsockctl_string(
	    answer.data, NULL, "error", loads->error, sizeof(loads->error));
	bsock_file_free(&answer);
	/* kill(2) takes 0 and -1 for many processes. */
	if (complete && loads->pid > 1 && loads->pid <= 0x7fffffff)
		return 0;
	(void)fprintf(
	    stderr, "bsockctl: %s: not an answer of bsock\n", ctl->socket);
	return -1;
}

/* Until as many more loads are done as we wait for: 0, or -1 and said. */
static int
wait_for_loads(
    const struct bsockctl *ctl, const struct loads *before, struct loads *after)
{
	const struct timespec deadline = bsock_fdpass_deadline(WAIT_MS);
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	unsigned long long wanted = before->generation + before->failed + 1;

	if (before->reloading)
		wanted++; /* one that began before us, and ours */
	while (bsock_fdpass_left(&deadline) > 0) {
		(void)nanosleep(&pause, NULL);
		if (look(ctl, after) != 0)
			return -1;
		if (after->pid != before->pid)
			break;
		if (after->generation + after->failed >= wanted)
			return 0;
	}
	(void)fprintf(stderr,
	    after->pid != before->pid
		? "bsockctl: another daemon serves now\n"
		: "bsockctl: the daemon has not reloaded within a minute\n");
	return -1;
}

/* A new line in the file may be about what somebody has. */
static void
tell_untaken(const struct bsockctl *ctl)
{
	char addr[512], state[16], shown[2048];
	struct bsock_file answer;
	const char *p, *end;

	if (bsockctl_ask(ctl, &answer) != 0)
		return;
	for (p = bsockctl_reserved(answer.data, NULL, &end); p != NULL;
	     p = bsockctl_reserved(answer.data, end, &end)) {
		if (bsockctl_string(p, end, "addr", addr, sizeof(addr)) &&
		    bsockctl_string(p, end, "state", state, sizeof(state)) &&
		    strcmp(state, "untaken") == 0)
			(void)fprintf(stderr,
			    "bsockctl: not reserved yet: %s: the daemon cannot "
			    "have it, its log says why; it tries every "
			    "second\n",
			    bsockctl_shown(addr, shown, sizeof(shown)));
	}
	bsock_file_free(&answer);
}

static int
tell(
    const struct bsockctl *ctl, const struct loads *before, struct loads *after)
{
	if (after->failed == before->failed) {
		(void)printf("reloaded, generation %llu\n", after->generation);
		tell_untaken(ctl);
		return BSOCKCTL_OK;
	}
	(void)fprintf(stderr, "bsockctl: the daemon kept what it had: %s\n",
	    bsockctl_sentence(after->error));
	return BSOCKCTL_NO;
}

int
bsockctl_reload(const struct bsockctl *ctl)
{
	struct bsock_config config;
	struct loads before, after = {.pid = 0};

	if (bsockctl_load(ctl, true, &config) != 0) {
		(void)fprintf(stderr,
		    "bsockctl: not reloaded: the daemon keeps what it has\n");
		return BSOCKCTL_NO;
	}
	bsock_config_free(&config);
	if (look(ctl, &before) != 0)
		return BSOCKCTL_NO;
	if (kill((pid_t)before.pid, SIGHUP) != 0) {
		(void)fprintf(stderr,
		    "bsockctl: cannot signal the daemon, pid %llu: %s\n",
		    before.pid, bsock_compat_strerror(errno));
		return BSOCKCTL_NO;
	}
	if (wait_for_loads(ctl, &before, &after) != 0)
		return BSOCKCTL_NO;
	return tell(ctl, &before, &after);
}
