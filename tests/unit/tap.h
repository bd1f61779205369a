/* tap.h - TAP from C, for the unit tests.  ok(), is(), then finish(). */
#ifndef TAP_H
#define TAP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

static inline int
tap_result(int pass, const char *name, const char *file, int line)
{
	printf("%sok %d - %s\n", pass ? "" : "not ", ++tap_count, name);
	if (!pass) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	return pass;
}

static inline void
tap_is_string(const char *got, const char *want, const char *name,
    const char *file, int line)
{
	if (!tap_result(strcmp(got, want) == 0, name, file, line))
		printf("# got:    %s\n# wanted: %s\n", got, want);
}

static inline void
tap_is_number(
    long long got, long long want, const char *name, const char *file, int line)
{
	if (!tap_result(got == want, name, file, line))
		printf("# got:    %lld\n# wanted: %lld\n", got, want);
}

#define ok(pass, name)        tap_result(!!(pass), name, __FILE__, __LINE__)
#define is(got, want, name)   tap_is_number(got, want, name, __FILE__, __LINE__)
#define is_s(got, want, name) tap_is_string(got, want, name, __FILE__, __LINE__)

static inline int
finish(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
