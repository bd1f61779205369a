/*
 * Gives the files named in its arguments to a fuzz target, one after the
 * other: the corpora are replayed with any compiler.  Each input is copied
 * to memory of exactly its size, so that reading past it is found.
 */
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX (1024 * 1024)

static uint8_t buffer[INPUT_MAX];

static int
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t size;
	uint8_t *copy;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	size = fread(buffer, 1, sizeof(buffer), f);
	(void)fclose(f);
	copy = malloc(size > 0 ? size : 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, buffer, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 0;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) != 0)
			return 1;
	(void)printf("%d inputs\n", argc - 1);
	return 0;
}
