/*
 * bsock_log - one line a decision, without ever waiting for the log
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_log.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <limits.h>
#include <paths.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_fdpass.h"
#include "bsock_logring.h"
#include "bsock_text.h"

#define PREFIX_MAX 32 /* before and after a line on stderr */

#ifndef _PATH_LOG
#define _PATH_LOG "/dev/log"
#endif

/* --- where lines go ---------------------------------------------------- */

static enum bsock_log_target target = BSOCK_LOG_PLAIN;
static int facility = LOG_DAEMON;
static const char *name = "bsock";
static int syslog_fd = -1; /* main thread only */

void
bsock_log_open(enum bsock_log_target to, int log_facility)
{
	target = to;
	facility = log_facility;
}

void
bsock_log_name(const char *program)
{
	name = program;
}

/* Connects to the local syslog; it may come up later than we do. */
static int
syslog_connect(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};

	if (syslog_fd >= 0)
		return 0;
	syslog_fd = bsock_compat_socket(AF_UNIX, SOCK_DGRAM, 0);
	if (syslog_fd < 0)
		return -1;
	if (connect(syslog_fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return 0;
	(void)close(syslog_fd);
	syslog_fd = -1;
	return -1;
}

/* One datagram as syslog(3) sends it.  Returns false: try again later. */
static bool
write_syslog(int priority, const char *text)
{
	char line[BSOCK_LOG_LINE_MAX + 64], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm) == 0)
		stamp[0] = '\0';
	n = snprintf(line, sizeof(line), "<%d>%s %s[%ld]: %s",
	    facility | priority, stamp, name, (long)getpid(), text);
	if (n < 0)
		return true;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	for (int tries = 0; tries < 2; tries++) {
		if (syslog_connect() != 0)
			return false;
		if (send(syslog_fd, line, (size_t)n,
			MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		(void)close(syslog_fd); /* it was restarted */
		syslog_fd = -1;
	}
	return false;
}

/* Appends "<6>text", or "program: text", and a newline. */
static void
text_stderr(struct bsock_text *t, int priority, const char *text)
{
	if (target == BSOCK_LOG_PRIORITY) {
		bsock_text_bytes(t, "<", 1);
		bsock_text_number(t, (unsigned)priority);
		bsock_text_bytes(t, ">", 1);
	} else {
		bsock_text_string(t, name);
		bsock_text_string(t, ": ");
	}
	bsock_text_string(t, text);
	bsock_text_bytes(t, "\n", 1);
}

/* Returns false when stderr would block.  A pipe that polls writable takes
 * PIPE_BUF bytes at once. */
static bool
write_stderr(const char *buf, size_t len)
{
	if (bsock_fdpass_look(STDERR_FILENO, POLLOUT) == 0)
		return false;
	/* Nobody is left to tell when this fails. */
	return write(STDERR_FILENO, buf, len) >= 0 || errno != EAGAIN;
}

static bool
is_for_stderr(void)
{
	return target == BSOCK_LOG_PLAIN || target == BSOCK_LOG_PRIORITY;
}

static bool
write_line(int priority, const char *text)
{
	char line[BSOCK_LOG_LINE_MAX + PREFIX_MAX];
	struct bsock_text t = {.buf = line, .size = sizeof(line)};

	if (target != BSOCK_LOG_SYSLOG) {
		text_stderr(&t, priority, text);
		bool written = write_stderr(line, t.len);

		if (is_for_stderr())
			return written;
	}
	return write_syslog(priority, text);
}

/* --- by way of the queue ----------------------------------------------- */

/* Lines on their way to stderr, in one write(2).  Main thread only. */
static char batch_bytes[PIPE_BUF];
static struct bsock_text batch = {
    .buf = batch_bytes, .size = sizeof(batch_bytes)};

void
bsock_log_queue(int wake_fd)
{
	bsock_logring_start(wake_fd);
}

void
bsock_log(int priority, const char *fmt, ...)
{
	int saved = errno;
	char text[BSOCK_LOG_LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0) {
		text[0] = '\0';
		n = 0;
	}
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	if (bsock_logring_is_started())
		bsock_logring_put(priority, NULL, text, (size_t)n + 1);
	else
		(void)write_line(priority, text);
	errno = saved;
}

void
bsock_log_record(
    int priority, bsock_log_words *words, const void *record, size_t size)
{
	int saved = errno;
	char text[BSOCK_LOG_LINE_MAX];

	if (bsock_logring_is_started()) {
		bsock_logring_put(priority, words, record, size);
	} else {
		(void)words(text, sizeof(text), record);
		(void)write_line(priority, text);
	}
	errno = saved;
}

static bool
batch_write(void)
{
	if (batch.len > 0 && !write_stderr(batch.buf, batch.len))
		return false;
	batch.len = 0;
	return true;
}

/* Returns false when it cannot be written now. */
static bool
line_write(const struct bsock_logring_line *line)
{
	char buf[BSOCK_LOG_LINE_MAX];
	const char *text = line->bytes;

	if (line->words != NULL) {
		(void)line->words(buf, sizeof(buf), line->bytes);
		text = buf;
	}
	if (!is_for_stderr())
		return write_line(line->priority, text);
	if (batch.size - batch.len < strlen(text) + PREFIX_MAX &&
	    !batch_write())
		return false;
	text_stderr(&batch, line->priority, text);
	return true;
}

static bool
report_lost(void)
{
	static unsigned n;
	char text[64];

	n += bsock_logring_lost();
	if (n == 0)
		return true;
	(void)snprintf(text, sizeof(text), "log: %u lines were lost", n);
	if (!write_line(LOG_WARNING, text))
		return false;
	n = 0;
	return true;
}

bool
bsock_log_drain(void)
{
	struct bsock_logring_line line;

	bsock_logring_attend();
	while (bsock_logring_peek(&line)) {
		if (!line_write(&line))
			return true;
		bsock_logring_free(&line);
	}
	return !batch_write() || !report_lost();
}

/* --- the rate of denials ----------------------------------------------- */

#define BUCKETS        64
#define LINES_A_SECOND 10

/* A uid that shares a bucket with a noisy one shares its limit. */
struct bucket {
	uid_t uid; /* the last one */
	time_t second;
	unsigned lines;
	unsigned suppressed;
};

static pthread_mutex_t rate_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bucket buckets[BUCKETS]; /* rate_lock */

bool
bsock_log_within_rate(uid_t uid)
{
	struct bucket *b = &buckets[uid % BUCKETS];
	struct timespec now;
	bool within;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)pthread_mutex_lock(&rate_lock);
	if (b->second != now.tv_sec) {
		b->second = now.tv_sec;
		b->lines = 0;
	}
	b->uid = uid;
	within = b->lines < LINES_A_SECOND;
	if (within)
		b->lines++;
	else
		b->suppressed++;
	(void)pthread_mutex_unlock(&rate_lock);
	return within;
}

bool
bsock_log_report_suppressed(void)
{
	struct timespec now;
	bool more = false;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < BUCKETS; i++) {
		struct bucket *b = &buckets[i];
		unsigned count = 0;
		uid_t uid;

		(void)pthread_mutex_lock(&rate_lock);
		uid = b->uid;
		more = more || b->lines != 0;
		if (b->second != now.tv_sec) {
			count = b->suppressed;
			b->suppressed = 0;
			b->lines = 0;
		}
		(void)pthread_mutex_unlock(&rate_lock);
		if (count != 0)
			bsock_log(LOG_NOTICE, "suppressed uid=%u count=%u",
			    (unsigned)uid, count);
	}
	return more;
}

size_t
bsock_log_escape(
    char *buf, size_t size, const char *text, size_t len, bool blank)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c > 0x20 && c < 0x7f && c != '"' && c != '\\';

		if (n + 5 > size)
			break;
		if (plain || (blank && c == ' ')) {
			buf[n++] = (char)c;
			continue;
		}
		buf[n++] = '\\';
		buf[n++] = 'x';
		buf[n++] = hex[c >> 4];
		buf[n++] = hex[c & 15];
	}
	buf[n] = '\0';
	return n;
}
