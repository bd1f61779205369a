/*
 * bsock_reason - why a request is refused
 *
 * Pure: constants.  The names stand in the log and in STATUS.
 */
#ifndef BSOCK_REASON_H
#define BSOCK_REASON_H

enum bsock_reason {
	BSOCK_REASON_NONE,      /* granted */
	BSOCK_REASON_MALFORMED, /* "malformed": no request in these bytes */
	BSOCK_REASON_KIND,      /* "unsupported": family, type, protocol */
	BSOCK_REASON_SOCKET,    /* "wrong-socket": fd is not what it says */
	BSOCK_REASON_NAMESPACE, /* "other-namespace" */
	BSOCK_REASON_UNMAPPED,  /* "unmapped-uid": nobody knows who it is */
	BSOCK_REASON_NOT_OURS,  /* "not-admitted": bsock-run -a, a stranger */
	BSOCK_REASON_NO_RULE,   /* "no-rule" */
	BSOCK_REASON_HUNG_UP,   /* "hung-up": the client did not wait */
	BSOCK_REASON_BIND,      /* "bind": the kernel said no */
	BSOCK_REASON_REPLY,     /* "reply": it could not be sent */
	BSOCK_REASON_BUSY,      /* "busy": limits of connections */
	BSOCK_REASON_TIMEOUT,   /* "timeout": no request in time */
	BSOCK_REASONS,
};

/* A constant; reason is below BSOCK_REASONS. */
const char *bsock_reason_name(enum bsock_reason reason);

#endif
