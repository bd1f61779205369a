/*
 * rogue - try every way to get at a port that somebody else has
 *
 *	rogue PORT [ROUNDS]
 *
 * Each combination of IPv4 and IPv6, TCP and UDP (MPTCP, UDP-Lite), address,
 * SO_REUSEADDR, SO_REUSEPORT, V6ONLY and device.  Says which got in and
 * exits 1, or 0 when none did.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static const char *const hosts[] = {"0.0.0.0", "127.0.0.1", "127.0.0.2",
    "127.0.0.6", "::", "::1", "::ffff:0.0.0.0", "::ffff:127.0.0.1"};

struct way {
	const char *host;
	int socktype, protocol;
	bool reuseaddr, reuseport, v6only, device;
};

static void
set(int s, int level, int name, int value)
{
	(void)setsockopt(s, level, name, &value, sizeof(value));
}

static int
bind_to(int s, const char *host, unsigned port)
{
	struct sockaddr_in in = {
	    .sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port)};

	if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
		return bind(s, (struct sockaddr *)&in, sizeof(in));
	(void)inet_pton(AF_INET6, host, &in6.sin6_addr);
	return bind(s, (struct sockaddr *)&in6, sizeof(in6));
}

static bool
gets_in(const struct way *way, unsigned port)
{
	bool v6 = strchr(way->host, ':') != NULL;
	int s = socket(v6 ? AF_INET6 : AF_INET, way->socktype, way->protocol);
	bool in;

	if (s < 0)
		return false;
	if (way->reuseaddr)
		set(s, SOL_SOCKET, SO_REUSEADDR, 1);
	if (way->reuseport)
		set(s, SOL_SOCKET, SO_REUSEPORT, 1);
	if (v6)
		set(s, IPPROTO_IPV6, IPV6_V6ONLY, way->v6only);
	if (way->device)
		(void)setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
	in = bind_to(s, way->host, port) == 0;
	if (in)
		(void)printf("got in: %s type %d protocol %d reuseaddr %d "
			     "reuseport %d v6only %d device %d\n",
		    way->host, way->socktype, way->protocol, way->reuseaddr,
		    way->reuseport, way->v6only, way->device);
	(void)close(s);
	return in;
}

static unsigned
try_flags(struct way way, unsigned port)
{
	unsigned in = 0;

	for (int flags = 0; flags < 16; flags++) {
		way.reuseaddr = (flags & 1) != 0;
		way.reuseport = (flags & 2) != 0;
		way.v6only = (flags & 4) != 0;
		way.device = (flags & 8) != 0;
		in += gets_in(&way, port);
	}
	return in;
}

static unsigned
try_all(unsigned port)
{
	static const int kinds[][2] = {
	    {SOCK_STREAM, 0}, {SOCK_STREAM, IPPROTO_MPTCP}, {SOCK_DGRAM, 0}};
	unsigned in = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++) {
			const struct way way = {.host = hosts[h],
			    .socktype = kinds[k][0],
			    .protocol = kinds[k][1]};

			in += try_flags(way, port);
		}
	return in;
}

int
main(int argc, char **argv)
{
	unsigned long rounds;
	unsigned in = 0;

	if (argc < 2)
		return 2;
	rounds = argc > 2 ? number(argv[2], UINT32_MAX) : 1;
	while (rounds-- > 0)
		in += try_all(number(argv[1], UINT16_MAX));
	return in != 0;
}
