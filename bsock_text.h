/*
 * bsock_text - a line that is put together by hand
 *
 * Pure.  For the lines that are written at every request, where snprintf(3)
 * would be most of what the daemon itself computes.  A text grows up to the
 * size of its buffer; what does not fit is left out whole.
 */
#ifndef BSOCK_TEXT_H
#define BSOCK_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bsock_text {
	char *buf; /* not terminated */
	size_t size;
	size_t len;
};

void bsock_text_number(struct bsock_text *text, uint64_t number);

/* Inline: most pieces of a line are literals, of a length that the compiler
 * knows. */
static inline void
bsock_text_bytes(struct bsock_text *text, const char *bytes, size_t n)
{
	if (n > text->size - text->len)
		return;
	memcpy(text->buf + text->len, bytes, n);
	text->len += n;
}

static inline void
bsock_text_string(struct bsock_text *text, const char *string)
{
	bsock_text_bytes(text, string, strlen(string));
}

#endif
