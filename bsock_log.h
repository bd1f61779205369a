/*
 * bsock_log - one line a decision, without ever waiting for the log
 *
 * Until bsock_log_queue() a line is written when it is logged (start-up, the
 * checkers).  From then on any thread puts lines into a bounded queue, and
 * the main thread writes them out: a slow or dead syslog costs lines, which
 * are counted and reported, but no request a microsecond.
 */
#ifndef BSOCK_LOG_H
#define BSOCK_LOG_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

#include "bsock_logring.h"

#define BSOCK_LOG_LINE_MAX 1024 /* a longer line is cut */

enum bsock_log_target {
	BSOCK_LOG_PLAIN,    /* stderr: "program: text" */
	BSOCK_LOG_PRIORITY, /* stderr: "<6>text", as service managers read it */
	BSOCK_LOG_SYSLOG,   /* syslog(3)'s socket */
	BSOCK_LOG_STARTING, /* PLAIN and SYSLOG both */
};

/* Where lines go.  facility: LOG_DAEMON or the like. */
void bsock_log_open(enum bsock_log_target target, int facility);

/* Who says them, a string that stays; "bsock" when nothing is said. */
void bsock_log_name(const char *program);

/* Log one line; priority as in syslog(3). */
void bsock_log(int priority, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The same for what is known as a record of size bytes: it is copied, and put
 * into words when the line is written, which is not the caller's time.
 */
void bsock_log_record(
    int priority, bsock_log_words *words, const void *record, size_t size);

/* From now on lines are queued; one byte to wake_fd says that some are. */
void bsock_log_queue(int wake_fd);

/* Main thread: write out what is queued and can be written now.  Returns
 * whether something is left. */
bool bsock_log_drain(void);

/*
 * Is this uid within its share of denials in the log?  False: say nothing,
 * it is counted.  bsock_log_report_suppressed() (main thread) logs and
 * clears the counts; returns whether there may be more to report later.
 */
bool bsock_log_within_rate(uid_t uid);
bool bsock_log_report_suppressed(void);

/*
 * Copy text with every byte outside 0x21..0x7e (0x20..0x7e where blank is
 * true), '"' and '\' written as \xHH.  Returns the length; cuts what does
 * not fit.
 */
size_t bsock_log_escape(
    char *buf, size_t size, const char *text, size_t len, bool blank);

#endif
