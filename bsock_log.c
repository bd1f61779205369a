#include "bsock_log.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <limits.h>
#include <paths.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"

#ifndef _PATH_LOG
#define _PATH_LOG "/dev/log"
#endif

/* --- where lines go ------------------------------------------------------ */

static enum bsock_log_target target = BSOCK_LOG_PLAIN;
static int facility = LOG_DAEMON;
static int syslog_fd = -1; /* main thread only */

void
bsock_log_open(enum bsock_log_target to, int log_facility)
{
	target = to;
	facility = log_facility;
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
	n = snprintf(line, sizeof(line), "<%d>%s bsock[%ld]: %s",
	    facility | priority, stamp, (long)getpid(), text);
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

/* Returns false when stderr would block.  A pipe that polls writable takes
 * PIPE_BUF bytes at once, more than a line has. */
static bool
write_stderr(const char *prefix, const char *text)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[BSOCK_LOG_LINE_MAX + 64];
	int n = snprintf(line, sizeof(line), "%s%s\n", prefix, text);

	if (n < 0)
		return true;
	if ((size_t)n >= sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	if (poll(&p, 1, 0) == 0)
		return false;
	/* Nobody is left to tell when this fails. */
	return write(STDERR_FILENO, line, (size_t)n) >= 0 || errno != EAGAIN;
}

static bool
write_line(int priority, const char *text)
{
	char prefix[8];

	switch (target) {
	case BSOCK_LOG_PLAIN:
		return write_stderr("bsock: ", text);
	case BSOCK_LOG_PRIORITY:
		(void)snprintf(prefix, sizeof(prefix), "<%d>", priority);
		return write_stderr(prefix, text);
	case BSOCK_LOG_STARTING:
		(void)write_stderr("bsock: ", text);
		return write_syslog(priority, text);
	default:
		return write_syslog(priority, text);
	}
}

/* --- the queue ------------------------------------------------------------
 * A ring of slots, many writers and one reader.  A slot's turn says whose it
 * is: turn == position: free for the writer that takes this position; turn ==
 * position + 1: filled.  A writer never waits: when the ring is full the line
 * is counted as lost.
 */
#define SLOTS 256u

struct slot {
	atomic_uint turn;
	int priority;
	char text[BSOCK_LOG_LINE_MAX];
};

static struct slot slots[SLOTS];
static atomic_uint write_position;
static unsigned read_position; /* main thread only */
static atomic_uint lost;
static atomic_bool pending; /* the main thread knows that lines are queued */
static int wake = -1;

void
bsock_log_queue(int wake_fd)
{
	for (unsigned i = 0; i < SLOTS; i++)
		atomic_store(&slots[i].turn, i);
	atomic_store(&write_position, 0);
	read_position = 0;
	wake = wake_fd;
}

/* A slot to fill, or NULL when the ring is full. */
static struct slot *
slot_take(unsigned *position)
{
	unsigned pos = atomic_load(&write_position);

	for (;;) {
		struct slot *s = &slots[pos % SLOTS];
		int ahead = (int)(atomic_load(&s->turn) - pos);

		if (ahead < 0)
			return NULL;
		if (ahead > 0) {
			pos = atomic_load(&write_position);
			continue;
		}
		if (atomic_compare_exchange_weak(
			&write_position, &pos, pos + 1)) {
			*position = pos;
			return s;
		}
	}
}

static void
slot_fill(struct slot *s, unsigned position, int priority, const char *fmt,
    va_list ap)
{
	s->priority = priority;
	(void)vsnprintf(s->text, sizeof(s->text), fmt, ap);
	atomic_store(&s->turn, position + 1);
	if (!atomic_exchange(&pending, true)) {
		ssize_t n = write(wake, "", 1);

		(void)n; /* a full pipe wakes as well */
	}
}

void
bsock_log(int priority, const char *fmt, ...)
{
	int saved = errno;
	unsigned position;
	struct slot *s;
	va_list ap;

	va_start(ap, fmt);
	if (wake < 0) {
		char text[BSOCK_LOG_LINE_MAX];

		(void)vsnprintf(text, sizeof(text), fmt, ap);
		(void)write_line(priority, text);
	} else if ((s = slot_take(&position)) != NULL) {
		slot_fill(s, position, priority, fmt, ap);
	} else {
		atomic_fetch_add(&lost, 1);
	}
	va_end(ap);
	errno = saved;
}

static bool
report_lost(void)
{
	unsigned n = atomic_exchange(&lost, 0);
	char text[64];

	if (n == 0)
		return true;
	(void)snprintf(text, sizeof(text), "log: %u lines were lost", n);
	if (write_line(LOG_WARNING, text))
		return true;
	atomic_fetch_add(&lost, n);
	return false;
}

bool
bsock_log_drain(void)
{
	atomic_store(&pending, false);
	for (;;) {
		struct slot *s = &slots[read_position % SLOTS];

		if (atomic_load(&s->turn) != read_position + 1)
			return !report_lost();
		if (!write_line(s->priority, s->text))
			return true;
		atomic_store(&s->turn, read_position + SLOTS);
		read_position++;
	}
}

/* --- the rate of denials -------------------------------------------------- */

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
