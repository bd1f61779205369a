/*
 * bsock_state - what one daemon hands to the next
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_state.h"

#include <sys/stat.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"

#if HAVE_MEMFD
#include <sys/mman.h>
#endif

#define VARIABLE     "BSOCK_STATE"
#define MAGIC        "bsock state 1" /* another format gets another number */
#define LINE_MAX_LEN (BSOCK_ADDR_STRLEN + 3 * BSOCK_RESVADDR_NAME_SIZE + 256)
#define SIZE_MAX_ALL (64L << 20)
#define FIELDS       14 /* of an address, before its five */

#if HAVE_MEMFD

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* --- writing ----------------------------------------------------------- */

static void
write_address(FILE *f, const struct bsock_resvaddr_saved *s)
{
	char text[BSOCK_ADDR_STRLEN];
	size_t len = bsock_addr_format(&s->addr, text, sizeof(text));

	for (int i = 0; i < BSOCK_RESVADDR_PARTS; i++)
		(void)fprintf(f, "%d %s ", s->fds[i],
		    s->names[i][0] != '\0' ? s->names[i] : "-");
	(void)fprintf(f, "%d %d %d %" PRIu64 " %u %u %ld %d:%u ", s->claimed,
	    s->listened, s->loose, s->claims, (unsigned)s->peer.uid,
	    (unsigned)s->peer.gid, (long)s->peer.pid, (int)s->who.kind,
	    s->who.id);
	(void)fwrite(text, 1, len, f);
	(void)fputc('\n', f);
}

static int
write_all(int fd, const struct bsock_state *state)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = copy >= 0 ? fdopen(copy, "w") : NULL;

	if (f == NULL) {
		if (copy >= 0)
			(void)close(copy);
		return -1;
	}
	(void)fprintf(f, "%s %ld %d %d %d %zu\n", MAGIC, (long)getpid(),
	    state->control, state->lock, state->control_given, state->nsaved);
	for (size_t i = 0; i < state->nsaved; i++)
		write_address(f, &state->saved[i]);
	if (ferror(f) != 0) {
		(void)fclose(f);
		errno = ENOSPC;
		return -1;
	}
	return fclose(f) == 0 ? 0 : -1;
}

static void
keep_open(int fd, bool keep)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

static void
keep_all_open(const struct bsock_state *state, bool keep)
{
	keep_open(state->control, keep);
	keep_open(state->lock, keep);
	for (size_t i = 0; i < state->nsaved; i++)
		for (int k = 0; k < BSOCK_RESVADDR_PARTS; k++)
			keep_open(state->saved[i].fds[k], keep);
}

int
bsock_state_save(const struct bsock_state *state)
{
	char number[16];
	int saved,
	    fd = memfd_create("bsock state", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write_all(fd, state) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		goto out;
	(void)snprintf(number, sizeof(number), "%d", fd);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	if (setenv(VARIABLE, number, 1) != 0)
		goto out;
	keep_open(fd, true);
	keep_all_open(state, true);
	return fd;
out:
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

void
bsock_state_undo(int fd, const struct bsock_state *state)
{
	keep_all_open(state, false);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	(void)unsetenv(VARIABLE);
	(void)close(fd);
}

/* --- reading ----------------------------------------------------------- */

/* A whole number between min and max, without sign but for "-1". */
static bool
read_number(const struct bsock_addr_field *field, int64_t min, uint64_t max,
    int64_t *value)
{
	uint64_t n = 0;

	if (min < 0 && field->len == 2 && memcmp(field->text, "-1", 2) == 0) {
		*value = -1;
		return true;
	}
	if (field->len == 0 || field->len > 18)
		return false;
	for (size_t i = 0; i < field->len; i++) {
		if (field->text[i] < '0' || field->text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(field->text[i] - '0');
	}
	*value = (int64_t)n;
	return n <= max;
}

/*
 * A descriptor that survived the exec, or -1.  Each becomes close-on-exec
 * here, so that none can be named twice.
 */
static bool
read_fd(const struct bsock_addr_field *field, int *fd)
{
	int64_t n;

	if (!read_number(field, -1, INT_MAX, &n) || (n >= 0 && n < 3))
		return false;
	*fd = (int)n;
	return n < 0 || (fcntl(*fd, F_GETFD) == 0 &&
			    fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0);
}

static bool
read_name(
    const struct bsock_addr_field *field, char name[BSOCK_RESVADDR_NAME_SIZE])
{
	if (field->len == 0 || field->len >= BSOCK_RESVADDR_NAME_SIZE)
		return false;
	if (field->len != 1 || field->text[0] != '-')
		memcpy(name, field->text, field->len);
	return true;
}

static bool
read_bool(const struct bsock_addr_field *field, bool *value)
{
	int64_t n;

	if (!read_number(field, 0, 1, &n))
		return false;
	*value = n != 0;
	return true;
}

/* "0:33": the kind of rule, and its uid or gid */
static bool
read_who(
    const struct bsock_addr_field *field, struct bsock_authz_principal *who)
{
	const struct bsock_addr_field id = {
	    field->text + 2, field->len >= 2 ? field->len - 2 : 0};
	int64_t n;

	if (field->len < 3 || field->text[1] != ':' ||
	    (field->text[0] != '0' && field->text[0] != '1') ||
	    !read_number(&id, 0, UINT32_MAX, &n))
		return false;
	who->kind = field->text[0] == '0' ? BSOCK_AUTHZ_UID : BSOCK_AUTHZ_GID;
	who->id = (uint32_t)n;
	return true;
}

static bool
read_parts(
    const struct bsock_addr_field *fields, struct bsock_resvaddr_saved *s)
{
	for (size_t i = 0; i < BSOCK_RESVADDR_PARTS; i++)
		if (!read_fd(&fields[2 * i], &s->fds[i]) ||
		    !read_name(&fields[2 * i + 1], s->names[i]))
			return false;
	return true;
}

static bool
read_address(const char *line, size_t len, struct bsock_resvaddr_saved *s)
{
	struct bsock_addr_field all[FIELDS + 5], *f = all;
	int64_t claims, uid, gid, pid;

	if (bsock_addr_split(line, len, f, FIELDS + 5) != FIELDS + 5 ||
	    bsock_addr_parse(&s->addr, line, f + FIELDS, NULL, NULL) != 0 ||
	    !read_parts(f, s))
		return false;
	f += (size_t)2 * BSOCK_RESVADDR_PARTS;
	if (!read_bool(&f[0], &s->claimed) || !read_bool(&f[1], &s->listened) ||
	    !read_bool(&f[2], &s->loose) ||
	    !read_number(&f[3], 0, INT64_MAX, &claims) ||
	    !read_number(&f[4], 0, UINT32_MAX, &uid) ||
	    !read_number(&f[5], 0, UINT32_MAX, &gid) ||
	    !read_number(&f[6], 0, INT_MAX, &pid) || !read_who(&f[7], &s->who))
		return false;
	s->claims = (uint64_t)claims;
	s->peer.uid = (uid_t)uid;
	s->peer.gid = (gid_t)gid;
	s->peer.pid = (pid_t)pid;
	return true;
}

/* The first line; the pid tells a state that was inherited from ours. */
static bool
read_head(const char *line, size_t len, struct bsock_state *state)
{
	struct bsock_addr_field f[8];
	int64_t pid, n;

	if (len <= sizeof(MAGIC) || memcmp(line, MAGIC " ", sizeof(MAGIC)) != 0)
		return false;
	if (bsock_addr_split(line, len, f, 8) != 8 ||
	    !read_number(&f[3], 1, INT_MAX, &pid) || pid != getpid() ||
	    !read_fd(&f[4], &state->control) || !read_fd(&f[5], &state->lock) ||
	    !read_bool(&f[6], &state->control_given) ||
	    !read_number(&f[7], 0, UINT32_MAX / 64, &n))
		return false;
	state->nsaved = (size_t)n;
	return true;
}

/* The next line, without its newline; false at the end or when it is cut. */
static bool
next_line(const char **p, const char *end, const char **line, size_t *len)
{
	const char *newline =
	    *p < end ? memchr(*p, '\n', (size_t)(end - *p)) : NULL;

	if (newline == NULL || newline - *p > LINE_MAX_LEN)
		return false;
	*line = *p;
	*len = (size_t)(newline - *p);
	*p = newline + 1;
	return true;
}

static bool
read_all(const char *text, size_t size, struct bsock_state *state)
{
	const char *p = text, *end = text + size, *line;
	size_t len;

	if (!next_line(&p, end, &line, &len) || !read_head(line, len, state) ||
	    state->nsaved > size)
		return false;
	state->saved = calloc(state->nsaved + 1, sizeof(*state->saved));
	if (state->saved == NULL)
		return false;
	for (size_t i = 0; i < state->nsaved; i++)
		if (!next_line(&p, end, &line, &len) ||
		    !read_address(line, len, &state->saved[i]))
			return false;
	return p == end;
}

/* A memfd that nobody can change any more. */
static const char *
map_state(int fd, char **text, size_t *size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return "it is no sealed memfd";
	if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > SIZE_MAX_ALL)
		return "it has no sensible size";
	*size = (size_t)st.st_size;
	*text = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	return *text == MAP_FAILED ? "it cannot be mapped" : NULL;
}

static const char *
load_from(int fd, struct bsock_state *state)
{
	char *text;
	size_t size;
	const char *why = map_state(fd, &text, &size);

	if (why != NULL)
		return why;
	if (!read_all(text, size, state))
		why = "it is not what this version writes";
	(void)munmap(text, size);
	(void)close(fd);
	return why;
}

bool
bsock_state_load(struct bsock_state *state, const char **why)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before there are threads */
	const char *variable = getenv(VARIABLE);
	struct bsock_addr_field field = {variable, 0};
	int fd = -1;

	memset(state, 0, sizeof(*state));
	state->control = state->lock = -1;
	*why = NULL;
	if (variable == NULL)
		return false;
	field.len = strlen(variable);
	if (!read_fd(&field, &fd) || fd < 0)
		*why = "it is no descriptor";
	else
		*why = load_from(fd, state);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before there are threads */
	(void)unsetenv(VARIABLE);
	if (*why == NULL)
		return true;
	free(state->saved);
	memset(state, 0, sizeof(*state));
	state->control = state->lock = -1;
	return false;
}

#else

int
bsock_state_save(const struct bsock_state *state)
{
	(void)state;
	errno = ENOSYS;
	return -1;
}

void
bsock_state_undo(int fd, const struct bsock_state *state)
{
	(void)fd;
	(void)state;
}

bool
bsock_state_load(struct bsock_state *state, const char **why)
{
	memset(state, 0, sizeof(*state));
	state->control = state->lock = -1;
	*why = NULL;
	return false;
}

#endif
