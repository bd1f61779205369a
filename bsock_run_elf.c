/*
 * bsock_run_elf - can this program take the shim?
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_elf.h"

#include <sys/stat.h>

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"

#define SCRIPT_LINE  256 /* as much of #! as Linux looks at */
#define SCRIPT_DEPTH 4
#define SECTIONS_MAX 1024
#define SELF         "/proc/self/exe"
#define DEFAULT_PATH "/bin:/usr/bin"
#define GO_SECTION   ".go.buildinfo"

const char *
bsock_run_kind_name(enum bsock_run_kind kind)
{
	static const char *const names[] = {
	    [BSOCK_RUN_SHIM] = "a dynamic executable",
	    [BSOCK_RUN_SCRIPT] = ("a script (a static or Go program that it "
				  "starts needs -m notify)"),
	    [BSOCK_RUN_STATIC] = "a static executable",
	    [BSOCK_RUN_GO] = "a Go program",
	    [BSOCK_RUN_FOREIGN] = "of another machine or loader",
	    [BSOCK_RUN_UNKNOWN] = "of unknown kind",
	};

	return names[kind];
}

/* --- where it is ------------------------------------------------------- */

static int
is_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return -1;
	}
	return access(path, X_OK);
}

static bool
join(char *path, size_t size, const char *dir, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len == 0) {
		dir = ".";
		len = 1;
	}
	if (len + 1 + n >= size)
		return false;
	memcpy(path, dir, len);
	path[len] = '/';
	memcpy(path + len + 1, name, n + 1);
	return true;
}

static int
search(const char *dirs, const char *command, char *path, size_t size)
{
	int why = ENOENT;
	struct stat st;

	/* A directory that may not be searched has no command for us. */
	for (;;) {
		size_t len = strcspn(dirs, ":");

		if (join(path, size, dirs, len, command)) {
			if (is_executable(path) == 0)
				return 0;
			if (stat(path, &st) == 0)
				why = EACCES;
		}
		if (dirs[len] == '\0')
			break;
		dirs += len + 1;
	}
	errno = why;
	return -1;
}

int
bsock_run_elf_find(const char *command, char *path, size_t size)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *dirs = getenv("PATH");
	size_t len = strlen(command);

	if (strchr(command, '/') == NULL && len > 0)
		return search(
		    dirs != NULL ? dirs : DEFAULT_PATH, command, path, size);
	if (len >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, command, len + 1);
	return is_executable(path);
}

/* --- what it is -------------------------------------------------------- */

struct program {
	int fd;
	ElfW(Ehdr) header;
	char loader[PATH_MAX]; /* "" : static */
};

static bool
read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX &&
	       pread(fd, buf, size, (off_t)offset) == (ssize_t)size;
}

static bool
is_elf(const struct program *p)
{
	return memcmp(p->header.e_ident, ELFMAG, SELFMAG) == 0;
}

static bool
same_machine(const struct program *a, const struct program *b)
{
	return a->header.e_ident[EI_CLASS] == b->header.e_ident[EI_CLASS] &&
	       a->header.e_ident[EI_DATA] == b->header.e_ident[EI_DATA] &&
	       a->header.e_machine == b->header.e_machine;
}

static void
read_loader(struct program *p)
{
	const ElfW(Ehdr) *h = &p->header;
	ElfW(Phdr) ph;

	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (!read_at(p->fd, &ph, sizeof(ph),
			h->e_phoff + (uint64_t)i * sizeof(ph)))
			return;
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < sizeof(p->loader) &&
		    read_at(p->fd, p->loader, ph.p_filesz, ph.p_offset))
			p->loader[ph.p_filesz] = '\0';
		return;
	}
}

/* Every Go toolchain leaves this section, stripped or not. */
static bool
is_go(const struct program *p)
{
	const ElfW(Ehdr) *h = &p->header;
	ElfW(Shdr) names, sh;
	char name[sizeof(GO_SECTION)];

	if (h->e_shnum > SECTIONS_MAX || h->e_shstrndx >= h->e_shnum ||
	    !read_at(p->fd, &names, sizeof(names),
		h->e_shoff + (uint64_t)h->e_shstrndx * sizeof(names)))
		return false;
	for (unsigned i = 0; i < h->e_shnum; i++) {
		if (!read_at(p->fd, &sh, sizeof(sh),
			h->e_shoff + (uint64_t)i * sizeof(sh)))
			return false;
		if (read_at(p->fd, name, sizeof(name),
			(uint64_t)names.sh_offset + sh.sh_name) &&
		    memcmp(name, GO_SECTION, sizeof(name)) == 0)
			return true;
	}
	return false;
}

/* Returns false when it cannot be read or is no whole file header. */
static bool
open_program(struct program *p, const char *path)
{
	memset(p, 0, sizeof(*p));
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	return p->fd >= 0 && read_at(p->fd, &p->header, sizeof(p->header), 0);
}

static void
close_program(struct program *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
}

/* It can load the shim if it has the loader that bsock-run has. */
static enum bsock_run_kind
elf_kind(struct program *p)
{
	struct program self;
	enum bsock_run_kind kind = BSOCK_RUN_FOREIGN;

	if (open_program(&self, SELF) && same_machine(p, &self)) {
		read_loader(p);
		read_loader(&self);
		if (p->loader[0] == '\0')
			kind = BSOCK_RUN_STATIC;
		else if (is_go(p))
			kind = BSOCK_RUN_GO;
		else if (strcmp(p->loader, self.loader) == 0)
			kind = BSOCK_RUN_SHIM;
	}
	close_program(&self);
	return kind;
}

/* The interpreter that the first line names; false when there is none. */
static bool
script_interpreter(int fd, char path[SCRIPT_LINE])
{
	ssize_t n = pread(fd, path, SCRIPT_LINE - 1, 0);
	size_t skip, len;

	if (n < 2 || memcmp(path, "#!", 2) != 0)
		return false;
	path[n] = '\0';
	skip = 2 + strspn(path + 2, " \t");
	len = strcspn(path + skip, " \t\n");
	memmove(path, path + skip, len);
	path[len] = '\0';
	return len > 0;
}

enum bsock_run_kind
bsock_run_elf_kind(const char *path)
{
	enum bsock_run_kind kind = BSOCK_RUN_UNKNOWN;
	char line[SCRIPT_LINE];
	struct program p;

	for (unsigned depth = 0; depth < SCRIPT_DEPTH; depth++) {
		bool whole = open_program(&p, path);
		bool script = p.fd >= 0 && script_interpreter(p.fd, line);

		if (whole && is_elf(&p))
			kind = elf_kind(&p);
		if (kind == BSOCK_RUN_SHIM && depth > 0)
			kind = BSOCK_RUN_SCRIPT;
		close_program(&p);
		if (!script)
			break;
		path = line;
	}
	return kind;
}
