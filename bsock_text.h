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

struct bsock_text {
	char *buf; /* not terminated */
	size_t size;
	size_t len;
};

void bsock_text_bytes(struct bsock_text *text, const char *bytes, size_t n);
void bsock_text_string(struct bsock_text *text, const char *string);
void bsock_text_number(struct bsock_text *text, uint64_t number);

#endif
