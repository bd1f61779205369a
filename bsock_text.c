/*
 * bsock_text - a line that is put together by hand
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_text.h"

/* The digits go to their places at once, the last one first. */
void
bsock_text_number(struct bsock_text *t, uint64_t number)
{
	size_t n = 1;
	char *digit;

	for (uint64_t ten = 10; n < 20 && number >= ten; ten *= 10)
		n++;
	if (n > t->size - t->len)
		return;
	t->len += n;
	digit = t->buf + t->len;
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
}
