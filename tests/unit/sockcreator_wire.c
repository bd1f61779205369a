#include "../../adapters/sockcreator_wire.h"

#include <netinet/in.h>

#include "tap.h"

static struct bsock_addr addr;
static size_t used;

static enum sockcreator_request
decode(const char *bytes, size_t len)
{
	return sockcreator_decode(&addr, &used, (const uint8_t *)bytes, len);
}

#define DECODE(literal) decode(literal, sizeof(literal) - 1)

static void
test_parts(void)
{
	static const char tcp4[] = "ST4\x1f\x90\x7f\0\0\1";
	static const char udp6[] = "SU6\0\x35\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";

	for (size_t n = 0; n < 9; n++)
		is(decode(tcp4, n), SOCKCREATOR_MORE, "a part, IPv4");
	is(decode(tcp4, 9), SOCKCREATOR_SOCKET, "all of it");
	is(used, 9, "9 bytes");
	is(addr.family, AF_INET, "family");
	is(addr.socktype, SOCK_STREAM, "socket type");
	is(addr.protocol, IPPROTO_TCP, "protocol");
	is(addr.port, 8080, "port");
	is(memcmp(addr.host, "\x7f\0\0\1", 4), 0, "address");
	for (size_t n = 0; n < 21; n++)
		is(decode(udp6, n), SOCKCREATOR_MORE, "a part, IPv6");
	is(decode(udp6, 21), SOCKCREATOR_SOCKET, "all of it");
	is(used, 21, "21 bytes");
	is(addr.family, AF_INET6, "family");
	is(addr.socktype, SOCK_DGRAM, "socket type");
	is(addr.protocol, IPPROTO_UDP, "protocol");
	is(addr.port, 53, "port");
	is(addr.host[15], 1, "address");
}

static void
test_bad(void)
{
	is(DECODE("T"), SOCKCREATOR_TERMINATE, "T");
	is(DECODE("Tx"), SOCKCREATOR_TERMINATE, "T and more");
	is(DECODE("x"), SOCKCREATOR_BAD, "another command");
	is(DECODE("s"), SOCKCREATOR_BAD, "a small s");
	is(DECODE("\0"), SOCKCREATOR_BAD, "NUL");
	is(DECODE("SX"), SOCKCREATOR_MORE, "a bad type is not judged alone");
	is(DECODE("SX4"), SOCKCREATOR_BAD, "a bad type");
	is(DECODE("ST5"), SOCKCREATOR_BAD, "a bad family");
	is(DECODE("S4T"), SOCKCREATOR_BAD, "the wrong way round");
}

int
main(void)
{
	test_parts();
	test_bad();
	return finish();
}
