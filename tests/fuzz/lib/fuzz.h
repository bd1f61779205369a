/* fuzz.h - what every target has: one function, and a way to say "never". */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
			    __LINE__, #condition);                             \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
