/*
 * bsock_outcome - how a request went: the record, and its line in the log
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_outcome.h"

#include <sys/socket.h>

#include "bsock_log.h"
#include "bsock_text.h"

static void
put_number(struct bsock_text *t, const char *key, uint64_t number)
{
	bsock_text_string(t, key);
	bsock_text_number(t, number);
}

static void
put_string(struct bsock_text *t, const char *key, const char *string)
{
	bsock_text_string(t, key);
	bsock_text_string(t, string);
}

/* Only a path or a name can hold bytes that a log must not. */
static void
put_addr(struct bsock_text *t, const struct bsock_addr *addr)
{
	char text[BSOCK_ADDR_STRLEN], escaped[4 * BSOCK_ADDR_STRLEN];
	size_t len;

	if (addr->family == 0)
		return;
	len = bsock_addr_format(addr, text, sizeof(text));
	if (addr->family != AF_UNIX) {
		bsock_text_bytes(t, text, len);
		return;
	}
	len = bsock_log_escape(escaped, sizeof(escaped), text, len, true);
	bsock_text_bytes(t, escaped, len);
}

static size_t
words(char *buf, size_t size, const void *record)
{
	const struct bsock_outcome *o = record;
	struct bsock_text t = {.buf = buf, .size = size - 1};

	bsock_text_string(&t, o->error == 0 ? "grant" : "deny");
	put_number(&t, " uid=", o->uid);
	put_number(&t, " pid=", (uint64_t)o->pid);
	bsock_text_string(&t, " addr=\"");
	put_addr(&t, &o->addr);
	if (o->error == 0) {
		put_number(&t, "\" rule=", o->line);
	} else {
		put_string(&t, "\" reason=", bsock_reason_name(o->reason));
		put_number(&t, " errno=", (uint64_t)o->error);
	}
	put_string(&t, " via=", o->via);
	put_number(&t, " us=", o->us);
	if (o->kept)
		bsock_text_string(&t, " kept=1");
	buf[t.len] = '\0';
	return t.len;
}

/* Main gets numbers, and words that were escaped here: nothing that a client
 * wrote.  An address without a path is all numbers. */
void
bsock_outcome_log(const struct bsock_outcome *o)
{
	int priority = o->error == 0 ? LOG_INFO : LOG_NOTICE;
	char text[BSOCK_LOG_LINE_MAX];

	if (o->addr.family == AF_UNIX) {
		(void)words(text, sizeof(text), o);
		bsock_log(priority, "%s", text);
		return;
	}
	bsock_log_record(priority, words, o,
	    offsetof(struct bsock_outcome, addr) +
		offsetof(struct bsock_addr, path));
}
