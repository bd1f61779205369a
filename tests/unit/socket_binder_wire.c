#include "../../adapters/socket_binder_wire.h"

#include <errno.h>

#include "tap.h"

static struct socket_binder_asked asked;

/* The first five bytes, and a text. */
static enum socket_binder_request
decode(int command, int family, int n, const char *text, size_t textlen)
{
	uint8_t buf[SOCKET_BINDER_REQUEST_MAX] = {
	    (uint8_t)command, (uint8_t)family, 0x1f, 0x90, (uint8_t)n};

	memcpy(buf + 5, text, textlen);
	return socket_binder_decode(&asked, buf, 5 + textlen);
}

static void
test_bytes(void)
{
	static const uint8_t good[] = {1, 4, 0, 80, 3, ':', ':', '1'};
	static const uint8_t bad_family[] = {1, 3};
	static const char text[255] = "127.0.0.1";

	for (size_t n = 0; n < sizeof(good); n++)
		is(socket_binder_decode(&asked, good, n), SOCKET_BINDER_MORE,
		    "a part of a request");
	is(socket_binder_decode(&asked, good, sizeof(good)),
	    SOCKET_BINDER_WHOLE, "all of it");
	is(decode(0, 4, 9, text, 0), SOCKET_BINDER_BAD, "command 0");
	is(decode(2, 4, 9, text, 9), SOCKET_BINDER_BAD, "command 2");
	is(socket_binder_decode(&asked, bad_family, 2), SOCKET_BINDER_BAD,
	    "the family is judged at once");
	is(decode(1, 4, 0, text, 9), SOCKET_BINDER_BAD, "length 0");
	is(decode(1, 4, 127, text, 126), SOCKET_BINDER_MORE, "127, 126 there");
	is(decode(1, 4, 127, text, 127), SOCKET_BINDER_WHOLE, "127, all there");
	is(decode(1, 4, 128, text, 128), SOCKET_BINDER_BAD, "128");
	is(decode(1, 4, 255, text, 255), SOCKET_BINDER_BAD, "255");
	is(decode(1, 6, 9, text, 200), SOCKET_BINDER_WHOLE, "with surplus");
	is(asked.family, AF_INET6, "family");
	is(asked.port, 8080, "port");
	is_s(asked.text, "127.0.0.1", "text");
}

static int
address(int family, const char *text, size_t len)
{
	struct bsock_addr addr;

	if (decode(1, family, (int)len, text, len) != SOCKET_BINDER_WHOLE)
		return -1;
	return socket_binder_address(&addr, &asked);
}

static void
test_addresses(void)
{
	is(address(4, "127.0.0.1", 9), 0, "IPv4");
	is(address(4, "127.0.0.1\0junk", 14), 0, "up to the first NUL");
	is(address(4, "127.0.0.100", 9), 0, "up to its length");
	is(address(6, "::1", 3), 0, "IPv6");
	is(address(6, "::ffff:1.2.3.4", 14), 0, "mapped");
	is(address(4, "::1", 3), EINVAL, "IPv6, family 4");
	is(address(6, "127.0.0.1", 9), EINVAL, "IPv4, family 6");
	is(address(4, "localhost", 9), EINVAL, "a name");
	is(address(4, "127.1", 5), EINVAL, "a short form");
	is(address(4, "\0", 1), EINVAL, "nothing before the NUL");
	is(address(6, "fe80::1%lo", 10), EINVAL, "a scope");
}

int
main(void)
{
	test_bytes();
	test_addresses();
	return finish();
}
