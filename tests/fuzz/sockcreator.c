/*
 * A stream of requests to the socket creator: each that is taken is an
 * address which has the bytes that were sent, and no part of one is taken.
 */
#include <netinet/in.h>
#include <string.h>

#include "../../adapters/sockcreator_wire.h"
#include "lib/fuzz.h"

static void
check_socket(const struct bsock_addr *addr, const uint8_t *data, size_t used)
{
	size_t host = addr->family == AF_INET ? 4 : 16;
	struct sockaddr_storage ss;
	struct bsock_addr again;
	socklen_t len;

	MUST(addr->family == AF_INET || addr->family == AF_INET6);
	MUST(used == 5 + host && used <= SOCKCREATOR_REQUEST_MAX);
	MUST(addr->port == (data[3] << 8 | data[4]));
	MUST(memcmp(addr->host, data + 5, host) == 0);
	MUST((addr->socktype == SOCK_STREAM && addr->protocol == IPPROTO_TCP) ||
	     (addr->socktype == SOCK_DGRAM && addr->protocol == IPPROTO_UDP));
	len = bsock_addr_to_sockaddr(addr, &ss);
	MUST(bsock_addr_from_sockaddr(&again, addr->family, (int)addr->socktype,
		 (int)addr->protocol, &ss, len) == 0);
	MUST(bsock_addr_equal(addr, &again));
}

static void
check_prefixes(const uint8_t *data, size_t used)
{
	struct bsock_addr addr;
	size_t none;

	for (size_t n = 0; n < used; n++)
		MUST(sockcreator_decode(&addr, &none, data, n) ==
		     SOCKCREATOR_MORE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (;;) {
		struct bsock_addr addr;
		size_t used = 0;
		enum sockcreator_request got =
		    sockcreator_decode(&addr, &used, data, size);

		/* A buffer of that size never holds but a part of one. */
		MUST(got != SOCKCREATOR_MORE || size < SOCKCREATOR_REQUEST_MAX);
		if (got != SOCKCREATOR_SOCKET)
			return 0;
		MUST(used > 0 && used <= size);
		check_socket(&addr, data, used);
		check_prefixes(data, used);
		data += used;
		size -= used;
	}
}
