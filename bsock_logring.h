/*
 * bsock_logring - lines of the log on their way to the main thread
 *
 * Many writers and one reader, the main thread.  A writer never waits: when
 * the ring is full its line is counted as lost.
 */
#ifndef BSOCK_LOGRING_H
#define BSOCK_LOGRING_H

#include <stdbool.h>
#include <stddef.h>

#define BSOCK_LOGRING_BYTES_MAX 1024

/*
 * Puts what a record says into words: into buf, at most size bytes with the
 * NUL at the end.  Returns the length.  Called by the reader.
 */
typedef size_t bsock_log_words(char *buf, size_t size, const void *record);

/* One line, out of the ring. */
struct bsock_logring_line {
	unsigned units; /* of the ring */
	int priority;
	bsock_log_words *words; /* NULL: the bytes are the text, with a NUL */
	_Alignas(max_align_t) char bytes[BSOCK_LOGRING_BYTES_MAX + 128];
};

/* Once, before any other thread is there.  One byte to wake_fd says that
 * lines have come. */
void bsock_logring_start(int wake_fd);
bool bsock_logring_is_started(void);

/* Any thread: size bytes, at most BSOCK_LOGRING_BYTES_MAX, are copied. */
void bsock_logring_put(
    int priority, bsock_log_words *words, const void *bytes, size_t size);

/* --- the reader -------------------------------------------------------- */

/* From now on a line that comes is said again. */
void bsock_logring_attend(void);

/* Copy the next line out of the ring, where it stays until it is freed;
 * false: there is none. */
bool bsock_logring_peek(struct bsock_logring_line *line);
void bsock_logring_free(const struct bsock_logring_line *line);

/* How many were lost since the last time. */
unsigned bsock_logring_lost(void);

#endif
