/*
 * bsock_run_say - what bsock-run is told by people and tells them
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bsock_addr.h"
#include "bsock_names.h"
#include "libbsock_ask.h"

#define LINE_MAX_BYTES 2048

static char user[64] = "this user";
static const char *rules = "";

void
bsock_run_say(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES] = "bsock-run: ";
	size_t len = strlen(line), room = sizeof(line) - len - 1;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n < room ? (size_t)n : room - 1;
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
}

void
bsock_run_say_init(uid_t uid, const char *where)
{
	(void)bsock_names_of_uid(uid, user, sizeof(user));
	rules = where;
}

int
bsock_run_say_address(const char *option, const char *arg, const char *text,
    struct bsock_addr *addr)
{
	struct bsock_addr_error wrong;
	struct bsock_addr_field fields[5];

	if (bsock_addr_split(text, strlen(text), fields, 5) != 5) {
		bsock_run_say("%s %s: five fields are needed, in quotes: "
			      "'FAMILY SOCKTYPE PROTO PORT ADDRESS'",
		    option, arg);
		return -1;
	}
	if (bsock_addr_parse(addr, text, fields, &bsock_names_addr, &wrong) !=
	    0) {
		bsock_run_say("%s %s: %s", option, arg, wrong.reason);
		return -1;
	}
	return 0;
}

void
bsock_run_say_answer(const struct bsock_ask *ask, int error)
{
	char addr[BSOCK_ADDR_STRLEN], why[512];

	(void)bsock_addr_format(&ask->request.addr, addr, sizeof(addr));
	if (error == EACCES && ask->answered) {
		bsock_run_say("no rule lets %s bind %s (%s), or it is not in "
			      "the network namespace of bsock",
		    user, addr, rules);
		return;
	}
	(void)bsock_ask_explain(ask, error, why, sizeof(why));
	if (error == EACCES)
		bsock_run_say("%s %s; asked for %s", user, why, addr);
	else
		bsock_run_say("%s: %s", addr, why);
}
