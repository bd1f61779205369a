/*
 * bsock_trim - memory that only the start and a reload needed
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_trim.h"

#include "bsock_compat.h"

#ifdef __linux__
#include <sys/mman.h>

#include <link.h>
#include <stdint.h>

/* The segments of one program or library that nothing writes to. */
static int
trim_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)ctx;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t from = (info->dlpi_addr + p->p_vaddr) & ~(page - 1);
		uintptr_t to = info->dlpi_addr + p->p_vaddr + p->p_memsz;

		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) == 0)
			(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void
bsock_trim(void)
{
	(void)dl_iterate_phdr(trim_object, NULL);
}

#else

void
bsock_trim(void)
{
}

#endif
