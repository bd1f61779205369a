/*
 * A socket_binder request: cut anywhere it is never taken for a whole one or
 * for another one, and an address is what its text says.
 */
#include <arpa/inet.h>
#include <string.h>

#include "../../adapters/socket_binder_wire.h"
#include "lib/fuzz.h"

/* Bytes that have been judged stay judged, however many follow. */
static void
check_prefixes(const uint8_t *data, size_t size,
    enum socket_binder_request whole, const struct socket_binder_asked *asked)
{
	bool more = true;

	for (size_t n = 0; n < size; n++) {
		struct socket_binder_asked part;
		enum socket_binder_request got =
		    socket_binder_decode(&part, data, n);

		MUST(more || got == whole);
		more = got == SOCKET_BINDER_MORE;
		MUST(more || got == whole);
		if (got == SOCKET_BINDER_WHOLE)
			MUST(memcmp(&part, asked, sizeof(part)) == 0);
	}
}

static void
check_address(const struct socket_binder_asked *asked)
{
	struct bsock_addr addr;
	uint8_t host[16];
	char text[INET6_ADDRSTRLEN];

	if (socket_binder_address(&addr, asked) != 0)
		return;
	MUST(addr.family == asked->family && addr.port == asked->port);
	MUST(addr.scope == 0 && addr.pathlen == 0 && addr.protocol == 0);
	MUST(inet_ntop(addr.family, addr.host, text, sizeof(text)) != NULL);
	MUST(inet_pton(addr.family, text, host) == 1);
	MUST(memcmp(host, addr.host, addr.family == AF_INET ? 4 : 16) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socket_binder_asked asked;
	enum socket_binder_request got;

	if (size > SOCKET_BINDER_REQUEST_MAX)
		size = SOCKET_BINDER_REQUEST_MAX;
	got = socket_binder_decode(&asked, data, size);
	check_prefixes(data, size, got, &asked);
	/* Whole or bad by then: the server's buffer is large enough. */
	MUST(size < SOCKET_BINDER_REQUEST_MAX || got != SOCKET_BINDER_MORE);
	if (got != SOCKET_BINDER_WHOLE)
		return 0;
	MUST(asked.family == AF_INET || asked.family == AF_INET6);
	MUST(memchr(asked.text, '\0', sizeof(asked.text)) != NULL);
	check_address(&asked);
	return 0;
}
