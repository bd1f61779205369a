/*
 * What a client may send, in both forms: whatever decodes is an address that
 * the rest of the daemon can rely on, and survives being written again.
 */
#include <sys/un.h>

#include <string.h>

#include "../../bsock_compat.h"
#include "../../bsock_wire.h"
#include "lib/fuzz.h"

/* The promises of struct bsock_addr. */
static void
check_addr(const struct bsock_addr *addr)
{
	MUST(addr->family == AF_INET || addr->family == AF_INET6 ||
	     addr->family == AF_UNIX);
	MUST(addr->socktype != SOCK_RAW && addr->socktype != SOCK_PACKET);
	if (addr->family == AF_UNIX) {
		MUST(addr->port == 0 && addr->protocol == 0);
		MUST(addr->pathlen > 0 && addr->pathlen <= sizeof(addr->path));
		for (size_t i = addr->pathlen; i < sizeof(addr->path); i++)
			MUST(addr->path[i] == '\0');
		return;
	}
	MUST(addr->protocol != 0 && addr->pathlen == 0);
	if (addr->family == AF_INET)
		for (size_t i = 4; i < sizeof(addr->host); i++)
			MUST(addr->host[i] == 0);
}

/* A line cannot say a path with blanks, newlines or NULs in it. */
static bool
is_sayable(const struct bsock_addr *addr)
{
	for (size_t i = 1; i < addr->pathlen; i++)
		if (strchr(" \t\n", addr->path[i]) != NULL)
			return false;
	return true;
}

/* Its text, read again, is the same address; a path may be refused, as not
 * canonical. */
static void
check_text(const struct bsock_addr *addr)
{
	char text[BSOCK_ADDR_STRLEN];
	struct bsock_request again;
	size_t len = bsock_addr_format(addr, text, sizeof(text));

	MUST(len < sizeof(text));
	MUST(addr->family == AF_UNIX || strlen(text) == len);
	if (!is_sayable(addr))
		return;
	if (bsock_wire_decode_request(&again, text, len) == 0)
		MUST(bsock_addr_equal(addr, &again.addr));
	else
		MUST(addr->family == AF_UNIX);
}

static void
check_binary(const struct bsock_request *request)
{
	uint8_t wire[BSOCK_WIRE_BINARY_MAX];
	struct bsock_request again;
	size_t len = bsock_wire_encode_request(request, wire);

	MUST(len <= sizeof(wire));
	MUST(bsock_wire_decode_request(&again, wire, len) == 0);
	MUST(again.rebind == request->rebind && !again.status);
	MUST(bsock_addr_equal(&request->addr, &again.addr));
}

/* What bind(2) gets, and what rules are looked up by. */
static void
check_forms(const struct bsock_addr *addr)
{
	struct sockaddr_storage ss;
	struct bsock_addr key, again;
	socklen_t len = bsock_addr_to_sockaddr(addr, &ss);

	MUST(len > sizeof(sa_family_t) && len <= sizeof(ss));
	MUST(ss.ss_family == addr->family);
	bsock_addr_key(addr, &key);
	bsock_addr_key(&key, &again);
	MUST(bsock_addr_equal(&key, &again));
	MUST(bsock_addr_hash(&key, 7) == bsock_addr_hash(&again, 7));
	MUST(!bsock_addr_is_v4mapped(&key) && key.protocol != IPPROTO_MPTCP);
	check_addr(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsock_request request;
	int error = bsock_wire_decode_request(&request, data, size);

	MUST(error >= 0);
	if (error != 0 || request.status)
		return 0;
	check_addr(&request.addr);
	check_text(&request.addr);
	check_binary(&request);
	check_forms(&request.addr);
	return 0;
}
