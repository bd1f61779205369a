/*
 * bsock_kind - families, socket types and protocols, by name and number
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_kind.h"

#include <stddef.h>

#include "bsock_compat.h"

const struct bsock_kind_name bsock_kind_families[] = {
    {"AF_INET", AF_INET},
    {"AF_INET6", AF_INET6},
    {"AF_UNIX", AF_UNIX},
    {"PF_INET", AF_INET},
    {"PF_INET6", AF_INET6},
    {"AF_LOCAL", AF_UNIX},
    {"PF_UNIX", AF_UNIX},
    {"PF_LOCAL", AF_UNIX},
    {NULL, 0},
};

const struct bsock_kind_name bsock_kind_socktypes[] = {
    {"SOCK_STREAM", SOCK_STREAM},
    {"SOCK_DGRAM", SOCK_DGRAM},
    {"SOCK_SEQPACKET", SOCK_SEQPACKET},
    {"SOCK_RDM", SOCK_RDM},
    {"SOCK_DCCP", SOCK_DCCP},
    {NULL, 0},
};

const struct bsock_kind_protocol bsock_kind_protocols[BSOCK_KIND_PROTOCOLS] = {
    {"tcp", IPPROTO_TCP, {SOCK_STREAM, SOCK_STREAM}, SOCK_STREAM},
    {"udp", IPPROTO_UDP, {SOCK_DGRAM, SOCK_DGRAM}, SOCK_DGRAM},
    {"sctp", IPPROTO_SCTP, {SOCK_SEQPACKET, SOCK_STREAM}, SOCK_SEQPACKET},
    {"dccp", IPPROTO_DCCP, {SOCK_DCCP, SOCK_DCCP}, SOCK_DCCP},
    {"udplite", IPPROTO_UDPLITE, {SOCK_DGRAM, SOCK_DGRAM}, 0},
    {"mptcp", IPPROTO_MPTCP, {SOCK_STREAM, SOCK_STREAM}, 0},
};

const struct bsock_kind_protocol *
bsock_kind_protocol(uint32_t protocol)
{
	for (size_t i = 0; i < BSOCK_KIND_PROTOCOLS; i++)
		if (bsock_kind_protocols[i].protocol == protocol)
			return &bsock_kind_protocols[i];
	return NULL;
}

uint32_t
bsock_kind_usual(uint32_t socktype)
{
	for (size_t i = 0; i < BSOCK_KIND_PROTOCOLS; i++)
		if (bsock_kind_protocols[i].usual_for == socktype)
			return bsock_kind_protocols[i].protocol;
	return 0;
}

bool
bsock_kind_fits(uint32_t protocol, uint32_t socktype)
{
	const struct bsock_kind_protocol *k = bsock_kind_protocol(protocol);

	return k == NULL || k->socktype[0] == socktype ||
	       k->socktype[1] == socktype;
}

const char *
bsock_kind_name(const struct bsock_kind_name *table, uint32_t value)
{
	for (const struct bsock_kind_name *n = table; n->name != NULL; n++)
		if (n->value == value)
			return n->name;
	return "?";
}

bool
bsock_kind_is_socktype(uint32_t socktype)
{
	for (const struct bsock_kind_name *n = bsock_kind_socktypes;
	     n->name != NULL; n++)
		if (n->value == socktype)
			return true;
	return false;
}
