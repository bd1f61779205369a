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
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "bsock_compat.h"
#include "bsock_paths.h"

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
	add(text, bsock_compat_strerror(error));
}

/* --- the name of a group ----------------------------------------------- */

struct line {
	char name[64];
	unsigned long gid;
	int field; /* 0 name, 1 password, 2 gid, 3 members */
};

static void
line_begin(struct line *line)
{
	memset(line, 0, sizeof(*line));
}

/* Takes one byte of a line of group(5). */
static void
line_add(struct line *line, char c)
{
	size_t len = strlen(line->name);

	if (c == ':')
		line->field++;
	else if (line->field == 0 && len < sizeof(line->name) - 1)
		line->name[len] = c;
	else if (line->field == 2 && c >= '0' && c <= '9')
		line->gid = line->gid * 10 + (unsigned long)(c - '0');
}

static bool
line_is(const struct line *line, gid_t gid)
{
	return line->field == 3 && line->gid == gid;
}

/*
 * From the file alone: a name service allocates, locks and asks servers,
 * which the program that we are inside of did not want.
 */
static bool
find_group(int fd, gid_t gid, struct line *line)
{
	char buf[512];
	ssize_t n;

	line_begin(line);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				line_add(line, buf[i]);
				continue;
			}
			if (line_is(line, gid))
				return true;
			line_begin(line);
		}
	}
	return false;
}

static void
add_group(struct text *text, gid_t gid)
{
	struct line line;
	int fd = open("/etc/group", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && find_group(fd, gid, &line)) {
		add(text, line.name);
	} else {
		add(text, "with gid ");
		add_number(text, gid);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* --- why --------------------------------------------------------------- */

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
	/* Not the user, who may have been added to it since. */
	add(text, ": this process is not in group ");
	add_group(text, st.st_gid);
	add(text, " (a new membership counts from the next login)");
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
		add(text, " bind it (" BSOCK_CONFIG_PATH "), or not from this "
			  "network namespace");
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
