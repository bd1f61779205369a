/*
 * adapter - what bsock-socket-binder, bsock-sockcreator and bsock-portlisten
 * have in common: how they start, and how they ask bsock
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "adapter.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bsock_compat.h"
#include "../bsock_log.h"
#include "../bsock_priv.h"

int
adapter_start(const char *program)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	bsock_log_name(program);
	if (sigaction(SIGPIPE, &ignore, NULL) != 0)
		return -1;
	return bsock_priv_only_standard_fds();
}

int
adapter_unprivileged(void)
{
	if (geteuid() == 0)
		bsock_log(LOG_WARNING,
		    "running as root, who may have every address: "
		    "run it as a user of its own");
	return bsock_priv_any() ? bsock_priv_keep(0) : 0;
}

int
adapter_unix_address(struct sockaddr_un *sun, const char *path)
{
	size_t len = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len == 0 || len >= sizeof(sun->sun_path)) {
		errno = len == 0 ? EINVAL : ENAMETOOLONG;
		return -1;
	}
	memcpy(sun->sun_path, path, len);
	return 0;
}

bool
adapter_number(
    const char *text, int base, unsigned long max, unsigned long *number)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*number = strtoul(text, &end, base);
	return *end == '\0' && *number <= max;
}

int
adapter_bind(struct bsock_ask *ask)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (ask->request.addr.port != 0)
		return bsock_ask(ask) == 0 ? 0 : errno;
	len = bsock_addr_to_sockaddr(&ask->request.addr, &ss);
	return bind(ask->fd, (struct sockaddr *)&ss, len) == 0 ? 0 : errno;
}

const char *
adapter_why(const struct bsock_ask *ask, int error, char buf[ADAPTER_WHY_SIZE])
{
	size_t len;

	len = bsock_addr_format(&ask->request.addr, buf, ADAPTER_WHY_SIZE);
	buf[len++] = ':';
	buf[len++] = ' ';
	if (ask->request.addr.port != 0)
		(void)bsock_ask_explain(
		    ask, error, buf + len, ADAPTER_WHY_SIZE - len);
	else
		(void)snprintf(buf + len, ADAPTER_WHY_SIZE - len, "%s",
		    bsock_compat_strerror(error));
	return buf;
}
