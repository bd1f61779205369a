/*
 * bsock_text - a line that is put together by hand
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_text.h"

void
bsock_text_number(struct bsock_text *t, uint64_t number)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	bsock_text_bytes(t, digits + n, sizeof(digits) - n);
}
