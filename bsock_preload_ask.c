/*
 * bsock_preload_ask - bsock is asked, and what went wrong is said
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock_addr.h"
#include "bsock_preload.h"
#include "libbsock_ask.h"

/* What is said on stderr: BSOCK_PRELOAD_DEBUG. */
enum talk { TALK_NEVER, TALK_REFUSED, TALK_ALWAYS };

static struct {
	char path[BSOCK_ADDR_STRLEN]; /* "" until the constructor has run */
	enum talk talk;
	dev_t stderr_dev; /* TALK_REFUSED: which file stderr is */
	ino_t stderr_ino;
} settings;

static bool
stat_stderr(struct stat *st)
{
	int saved = errno;
	bool open = fstat(STDERR_FILENO, st) == 0;

	errno = saved;
	return open;
}

static void
read_talk(const char *text)
{
	struct stat st;

	if (text == NULL)
		return;
	if (strcmp(text, "1") == 0)
		settings.talk = TALK_ALWAYS;
	if (strcmp(text, "refused") != 0 || !stat_stderr(&st))
		return;
	settings.talk = TALK_REFUSED;
	settings.stderr_dev = st.st_dev;
	settings.stderr_ino = st.st_ino;
}

/*
 * The settings are copied: some programs clear their environment in place
 * before they bind.
 */
void
bsock_preload_ask_start(void)
{
	const char *path = bsock_ask_path();

	if (strlen(path) < sizeof(settings.path))
		memcpy(settings.path, path, strlen(path) + 1);
	read_talk(secure_getenv("BSOCK_PRELOAD_DEBUG"));
}

bool
bsock_preload_may_help(int error)
{
	return error == EACCES || error == EPERM || error == EADDRINUSE;
}

/* One write, so that the lines of threads and processes stay whole. */
static void
report(const struct bsock_ask *ask, int error)
{
	char line[2 * BSOCK_ADDR_STRLEN + 512] = "bsock: ";
	size_t len = strlen(line);

	len += bsock_addr_format(
	    &ask->request.addr, line + len, BSOCK_ADDR_STRLEN);
	line[len++] = ':';
	line[len++] = ' ';
	len +=
	    bsock_ask_explain(ask, error, line + len, sizeof(line) - len - 1);
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
}

/*
 * Who did not ask for words (bsock-run sets "refused") hears of a bind that
 * failed for want of privilege alone, and never in what has taken the place
 * of stderr: that may be a file of the program's own.
 */
static bool
is_worth_a_line(int why, int error)
{
	struct stat st;

	if (settings.talk == TALK_REFUSED)
		return error != 0 && why != EADDRINUSE && stat_stderr(&st) &&
		       st.st_dev == settings.stderr_dev &&
		       st.st_ino == settings.stderr_ino;
	return settings.talk == TALK_ALWAYS;
}

/*
 * What the program hears when bsock did not bind: its own bind's errno.  But
 * that the address is in use is what the kernel would have said to one who
 * may have it, and many a program waits for it.
 */
static int
verdict(const struct bsock_ask *ask, int error, int why)
{
	return ask->answered && error == EADDRINUSE ? error : why;
}

int
bsock_preload_ask(
    int fd, const struct sockaddr *addr, socklen_t len, int before)
{
	struct bsock_ask ask = {.fd = fd};
	int why = errno;
	int error = 0;

	if (settings.path[0] != '\0')
		ask.path = settings.path;
	if (bsock_ask_prepare(&ask.request, fd, addr, len) != 0) {
		errno = why;
		return -1;
	}
	if (bsock_ask(&ask) != 0)
		error = errno;
	if (is_worth_a_line(why, error))
		report(&ask, error);
	if (error == 0 && ask.reserved)
		bsock_preload_remember(fd);
	errno = error == 0 ? before : verdict(&ask, error, why);
	return error == 0 ? 0 : -1;
}
