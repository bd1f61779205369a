#include "bsock_text.h"

#include <string.h>

void
bsock_text_bytes(struct bsock_text *t, const char *bytes, size_t n)
{
	if (n > t->size - t->len)
		return;
	memcpy(t->buf + t->len, bytes, n);
	t->len += n;
}

void
bsock_text_string(struct bsock_text *t, const char *string)
{
	bsock_text_bytes(t, string, strlen(string));
}

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
