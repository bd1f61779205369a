/*
 * bsock_bindresvport - a free reserved port, as bindresvport(3) gives it
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_bindresvport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bsock_compat.h"
#include "bsock_file.h"
#include "bsock_paths.h"
#include "bsock_socket.h"

#define FIRST     BSOCK_BINDRESVPORT_FIRST
#define LAST      BSOCK_BINDRESVPORT_LAST
#define PORTS     (LAST - FIRST + 1)
#define BLACKLIST "/etc/bindresvport.blacklist"

static const uint16_t builtin[] = {BSOCK_BINDRESVPORT_SKIP};

void
bsock_bindresvport_skip_add(struct bsock_bindresvport_skip *skip, uint16_t port)
{
	if (port <= LAST)
		skip->bits[port / 8] |= (uint8_t)(1u << (port % 8));
}

/* A port a line; blank lines and what follows '#' do not count. */
static void
skip_add_file(struct bsock_bindresvport_skip *skip, const struct bsock_file *f)
{
	const char *p = f->data, *end = f->data + f->len;

	while (p < end) {
		unsigned port = 0;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		for (; p < end && *p >= '0' && *p <= '9' && port <= LAST; p++)
			port = port * 10 + (unsigned)(*p - '0');
		if (port <= LAST)
			bsock_bindresvport_skip_add(skip, (uint16_t)port);
		while (p < end && *p != '\n')
			p++;
		p++;
	}
}

void
bsock_bindresvport_skip_init(struct bsock_bindresvport_skip *skip)
{
	struct bsock_file file;
	const char *why;
	int fd;

	memset(skip, 0, sizeof(*skip));
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		bsock_bindresvport_skip_add(skip, builtin[i]);
	fd = bsock_file_open(BLACKLIST, &why);
	if (fd < 0)
		return;
	if (bsock_file_read(fd, &file) == 0) {
		skip_add_file(skip, &file);
		bsock_file_free(&file);
	}
	(void)close(fd);
}

static unsigned
random_start(void)
{
	unsigned n = 0;

	if (getentropy(&n, sizeof(n)) != 0)
		n = (unsigned)getpid();
	return n % PORTS;
}

int
bsock_bindresvport(
    int fd, struct bsock_addr *addr, const struct bsock_bindresvport_skip *skip)
{
	unsigned start = random_start();

	for (unsigned i = 0; i < PORTS; i++) {
		uint16_t port = (uint16_t)(FIRST + (start + i) % PORTS);
		int error;

		if ((skip->bits[port / 8] >> (port % 8) & 1) != 0)
			continue;
		addr->port = port;
		error = bsock_socket_bind(fd, addr);
		if (error != EADDRINUSE)
			return error;
	}
	return EADDRINUSE;
}
