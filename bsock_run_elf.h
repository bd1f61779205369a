/*
 * bsock_run_elf - can this program take the shim?
 *
 * Reads the file that would be executed and says whether LD_PRELOAD would
 * reach its bind(2).
 */
#ifndef BSOCK_RUN_ELF_H
#define BSOCK_RUN_ELF_H

#include <stddef.h>

enum bsock_run_kind {
	BSOCK_RUN_SHIM,    /* a dynamic executable of our own loader */
	BSOCK_RUN_SCRIPT,  /* of an interpreter that is one */
	BSOCK_RUN_STATIC,  /* nothing loads anything into it */
	BSOCK_RUN_GO,      /* calls the kernel without libc */
	BSOCK_RUN_FOREIGN, /* another machine or another loader */
	BSOCK_RUN_UNKNOWN, /* not an executable that could be read */
};

const char *bsock_run_kind_name(enum bsock_run_kind kind);

/*
 * The file that execvp(3) would execute, with the PATH of the environment.
 * Returns 0, or -1 and errno (ENOENT, EACCES, ENAMETOOLONG).
 */
int bsock_run_elf_find(const char *command, char *path, size_t size);

/* What the file is; of a script that the shim does not reach, what its
 * interpreter is. */
enum bsock_run_kind bsock_run_elf_kind(const char *path);

#endif
