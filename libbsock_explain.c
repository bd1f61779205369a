/*
 * libbsock_explain - what became of a question, in words
 *
 * Used by the shim inside other people's programs: no stdio, no allocation,
 * no name service.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "libbsock_ask.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bsock_compat.h"

struct text {
	char *buf;
	size_t size, len;
};

static void
add(struct text *text, const char *s)
{
	size_t n = strlen(s);

	if (n > text->size - 1 - text->len)
		n = text->size - 1 - text->len;
	memcpy(text->buf + text->len, s, n);
	text->len += n;
	text->buf[text->len] = '\0';
}

static void
add_number(struct text *text, unsigned long number)
{
	char digits[24];
	char *p = digits + sizeof(digits);

	*--p = '\0';
	do
		*--p = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	add(text, p);
}

static void
add_error(struct text *text, int error)
{
	char buf[128];

	add(text, bsock_compat_strerror(error, buf, sizeof(buf)));
}

/* Why connect(2) may be refused: the mode of the socket or of the way to it. */
static void
add_no_access(struct text *text, const char *path)
{
	struct stat st;

	add(text, "may not connect to ");
	add(text, path);
	if (stat(path, &st) != 0) {
		add(text, ": a directory above it may not be searched");
		return;
	}
	if ((st.st_mode & S_IWGRP) == 0) {
		add(text, ": its mode lets only its owner, uid ");
		add_number(text, st.st_uid);
		return;
	}
	add(text, ": not in its group, gid ");
	add_number(text, st.st_gid);
}

/* The daemon could not be asked. */
static void
add_unreached(struct text *text, const char *path, int error)
{
	switch (error) {
	case EACCES:
		add_no_access(text, path);
		return;
	case ENOENT:
		add(text, "no daemon: there is no ");
		break;
	case ECONNREFUSED:
		add(text, "no daemon listens at ");
		break;
	case ETIMEDOUT:
		add(text, "no answer within 5 seconds from ");
		break;
	default:
		add_error(text, error);
		add(text, ", asking at ");
	}
	add(text, path);
}

static void
add_answer(struct text *text, const struct bsock_ask *ask, int error)
{
	switch (error) {
	case 0:
		add(text, "bound");
		if (ask->reserved)
			add(text, ", a reserved address");
		return;
	case EACCES:
		add(text, "no rule lets uid ");
		add_number(text, geteuid());
		add(text, " bind it (etc/bsock), or not from this network "
			  "namespace");
		return;
	default:
		add(text, "bsock could not bind it: ");
		add_error(text, error);
	}
}

size_t
bsock_ask_explain(
    const struct bsock_ask *ask, int error, char *buf, size_t size)
{
	struct text text = {.buf = buf, .size = size};

	if (size == 0)
		return 0;
	*buf = '\0';
	if (ask->answered || error == 0)
		add_answer(&text, ask, error);
	else
		add_unreached(&text,
		    ask->path != NULL ? ask->path : bsock_ask_path(), error);
	return text.len;
}
