/*
 * bsock_check - bsock -t: both config files, judged by the daemon's parser
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_check.h"

#include <stdio.h>
#include <unistd.h>

#include "bsock_advice.h"
#include "bsock_config.h"

static void
report_to_stderr(
    void *ctx, enum bsock_config_severity severity, const char *text)
{
	(void)ctx;
	(void)severity;
	(void)fprintf(stderr, "%s\n", text);
}

int
bsock_check(const char *rules_path, const char *resvaddr_path)
{
	const struct bsock_config_options options = {
	    .rules_path = rules_path,
	    .resvaddr_path = resvaddr_path,
	    .allowed_needs = ~0u,
	    .own_uid = geteuid(),
	    .report = report_to_stderr,
	};
	struct bsock_config config;
	int status;

	if (bsock_config_load(&config, &options) != 0)
		return 1;
	bsock_advice(&config, &options);
	status = config.unresolved != 0;
	bsock_config_free(&config);
	return status;
}
