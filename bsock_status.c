/*
 * bsock_status - the answer to STATUS: what bsockctl(8) shows
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_status.h"

#include <sys/mman.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_paths.h"
#include "bsock_wire.h"

/* Text on its way into the file. */
struct writer {
	int fd;
	int error; /* errno of the first failure */
	size_t len;
	char buf[4096];
};

static const char *const state_names[] = {
    [BSOCK_RESVADDR_UNTAKEN] = "untaken",
    [BSOCK_RESVADDR_GUARDED] = "guarded",
    [BSOCK_RESVADDR_HELD] = "held",
    [BSOCK_RESVADDR_LISTENING] = "listening",
    [BSOCK_RESVADDR_GONE] = "gone",
};

void
bsock_status_loaded(struct bsock_status_loads *loads)
{
	loads->generation++;
	loads->loaded = time(NULL);
}

void
bsock_status_failed(struct bsock_status_loads *loads, const char *error)
{
	loads->failed++;
	loads->error_time = time(NULL);
	(void)snprintf(loads->error, sizeof(loads->error), "%s", error);
}

static void
flush(struct writer *w)
{
	size_t done = 0;

	while (w->error == 0 && done < w->len) {
		ssize_t n = write(w->fd, w->buf + done, w->len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			w->error = errno;
	}
	w->len = 0;
}

static void put(struct writer *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A piece of at most 255 bytes. */
static void
put(struct writer *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (sizeof(w->buf) - w->len < 256)
		flush(w);
	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->len, 256, fmt, ap);
	va_end(ap);
	if (n > 0 && n < 256)
		w->len += (size_t)n;
	else
		w->error = EOVERFLOW;
}

/* A string of JSON, of any bytes. */
static void
put_string(struct writer *w, const char *text, size_t len)
{
	put(w, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			put(w, "\\%c", c);
		else if (c >= 0x20 && c <= 0x7e)
			put(w, "%c", c);
		else
			put(w, "\\u%04x", c);
	}
	put(w, "\"");
}

static long
seconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(now.tv_sec - start->tv_sec) -
	       (now.tv_nsec < start->tv_nsec);
}

static void
put_loads(struct writer *w, const struct bsock_status *status)
{
	const struct bsock_status_loads *loads = status->loads;

	put(w, "\"rules\":%zu,\n\"generation\":%lu,\n\"loaded\":%lld,\n",
	    status->rules, loads->generation, (long long)loads->loaded);
	put(w, "\"reloading\":%s,\n\"failed\":%lu,\n",
	    status->reloading ? "true" : "false", loads->failed);
	if (loads->failed == 0) {
		put(w, "\"error\":null,\n");
		return;
	}
	put(w, "\"error\":");
	put_string(w, loads->error, strlen(loads->error));
	put(w, ",\n\"error_time\":%lld,\n", (long long)loads->error_time);
}

static void
put_counters(struct writer *w, struct bsock_counters *counters)
{
	put(w, "\"granted\":%llu,\n\"refused\":{",
	    atomic_load(&counters->granted));
	for (int i = BSOCK_REASON_NONE + 1; i < BSOCK_REASONS; i++)
		put(w, "%s\"%s\":%llu", i > BSOCK_REASON_NONE + 1 ? "," : "",
		    bsock_reason_name((enum bsock_reason)i),
		    atomic_load(&counters->refused[i]));
	put(w, "},\n");
}

static void
put_reserved(struct writer *w, const struct bsock_resvaddr_info *info)
{
	char addr[BSOCK_ADDR_STRLEN];
	size_t len = bsock_addr_format(&info->addr, addr, sizeof(addr));

	put(w, "{\"addr\":");
	put_string(w, addr, len);
	put(w, ",\"line\":%u,\"state\":\"%s\",\"claims\":%" PRIu64, info->line,
	    state_names[info->state], info->claims);
	if (info->claimed)
		put(w, ",\"uid\":%u", (unsigned)info->peer.uid);
	if (info->claimed && info->peer.pid > 0)
		put(w, ",\"pid\":%ld", (long)info->peer.pid);
	if (info->inode != 0)
		put(w, ",\"inode\":%" PRIu64, info->inode);
	if (info->limit > 0)
		put(w, ",\"queue\":%u,\"limit\":%u", info->queue, info->limit);
	put(w, "}");
}

static void
put_status(struct writer *w, const struct bsock_status *status)
{
	struct bsock_resvaddr_info info;
	size_t n = bsock_resvaddr_set_count(status->reserved);

	put(w, "{\"version\":\"" BSOCK_VERSION "\",\n\"pid\":%ld,\n",
	    (long)getpid());
	put(w, "\"uptime\":%ld,\n", seconds_since(&status->started));
	put_loads(w, status);
	put(w, "\"waiting\":%u,\n", status->waiting);
	put_counters(w, status->counters);
	put(w, "\"reserved\":[");
	for (size_t i = 0; i < n; i++) {
		memset(&info, 0, sizeof(info));
		bsock_resvaddr_info(
		    bsock_resvaddr_set_at(status->reserved, i), &info);
		put(w, i > 0 ? ",\n" : "\n");
		put_reserved(w, &info);
	}
	put(w, "]}\n");
	flush(w);
}

/* An anonymous file that, once sealed, nobody can change any more. */
static int
make_file(void)
{
#if HAVE_MEMFD
	return memfd_create("bsock-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static int
seal(int fd)
{
#if HAVE_MEMFD
	return fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
#else
	(void)fd;
	return 0;
#endif
}

int
bsock_status_make(const struct bsock_status *status)
{
	struct writer w = {.fd = make_file()};

	if (w.fd < 0)
		return -1;
	put_status(&w, status);
	if (w.error == 0 && (lseek(w.fd, 0, SEEK_SET) != 0 || seal(w.fd) != 0))
		w.error = errno;
	if (w.error == 0)
		return w.fd;
	(void)close(w.fd);
	errno = w.error;
	return -1;
}

void
bsock_status_answer(int conn, const struct bsock_status *status)
{
	int fd = bsock_status_make(status);
	const struct bsock_reply reply = {.error = fd < 0 ? errno : 0};
	uint8_t buf[BSOCK_WIRE_REPLY_SIZE];

	bsock_wire_encode_reply(&reply, buf);
	(void)bsock_fdpass_send(conn, buf, sizeof(buf), fd, MSG_DONTWAIT);
	if (fd >= 0)
		(void)close(fd);
}
