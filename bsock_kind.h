/*
 * bsock_kind - families, socket types and protocols, by name and number
 *
 * Pure: constant tables.
 */
#ifndef BSOCK_KIND_H
#define BSOCK_KIND_H

#include <stdbool.h>
#include <stdint.h>

#define BSOCK_KIND_PROTOCOL_MAX 511 /* beyond every IPPROTO_* */

/* A table ends with a NULL name; the first name of a value is the canonical
 * one. */
struct bsock_kind_name {
	const char *name;
	uint32_t value;
};

extern const struct bsock_kind_name bsock_kind_families[];
extern const struct bsock_kind_name bsock_kind_socktypes[];

/* The canonical name, "?" when there is none. */
const char *bsock_kind_name(
    const struct bsock_kind_name *table, uint32_t value);

bool bsock_kind_is_socktype(uint32_t socktype);

/* What each protocol can be, and for which type it is meant by 0. */
struct bsock_kind_protocol {
	const char *name;
	uint32_t protocol;
	uint32_t socktype[2];
	uint32_t usual_for;
};

#define BSOCK_KIND_PROTOCOLS 6
extern const struct bsock_kind_protocol
    bsock_kind_protocols[BSOCK_KIND_PROTOCOLS];

/* NULL: none that is known by name. */
const struct bsock_kind_protocol *bsock_kind_protocol(uint32_t protocol);

/* The protocol that socket(2) takes for 0; 0 when there is none. */
uint32_t bsock_kind_usual(uint32_t socktype);

/* Can a socket of this type speak it?  Unknown protocols: the kernel says. */
bool bsock_kind_fits(uint32_t protocol, uint32_t socktype);

#endif
