/* number.h - a number on the command line of a test's program */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* From 0 to max; a usage error ends the program. */
static inline unsigned
number(const char *text, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && n <= max)
		return (unsigned)n;
	(void)fprintf(stderr, "%s: not a number from 0 to %u\n", text, max);
	exit(2);
}

#endif
