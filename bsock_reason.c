/*
 * bsock_reason - why a request is refused
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_reason.h"

static const char *const names[BSOCK_REASONS] = {
    [BSOCK_REASON_NONE] = "none",
    [BSOCK_REASON_MALFORMED] = "malformed",
    [BSOCK_REASON_KIND] = "unsupported",
    [BSOCK_REASON_SOCKET] = "wrong-socket",
    [BSOCK_REASON_NAMESPACE] = "other-namespace",
    [BSOCK_REASON_UNMAPPED] = "unmapped-uid",
    [BSOCK_REASON_NOT_OURS] = "not-admitted",
    [BSOCK_REASON_NO_RULE] = "no-rule",
    [BSOCK_REASON_HUNG_UP] = "hung-up",
    [BSOCK_REASON_BIND] = "bind",
    [BSOCK_REASON_REPLY] = "reply",
    [BSOCK_REASON_BUSY] = "busy",
    [BSOCK_REASON_TIMEOUT] = "timeout",
};

const char *
bsock_reason_name(enum bsock_reason reason)
{
	return names[reason];
}
