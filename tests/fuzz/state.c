/*
 * What a re-exec brings back: the input is the memory file after its first
 * words, which name the format and this process.
 */
#include <sys/mman.h>

#include <string.h>

#include "../../bsock_compat.h"
#include "../../bsock_state.h"
#include "lib/fuzz.h"

#define SEALS     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define FIRST_FD  200 /* some descriptors that inputs may name */
#define SOME_FDS  8
#define INPUT_MAX 8192

static int
make_file(const uint8_t *data, size_t size)
{
	char text[INPUT_MAX + 64];
	int fd = memfd_create("state", MFD_ALLOW_SEALING);
	int n = snprintf(text, 64, "bsock state 1 %ld ", (long)getpid());

	memcpy(text + n, data, size);
	MUST(fd >= 0);
	MUST(write(fd, text, (size_t)n + size) == (ssize_t)((size_t)n + size));
	MUST(fcntl(fd, F_ADD_SEALS, SEALS) == 0);
	return fd;
}

/* The state loader takes only descriptors that survived an exec. */
static void
offer_fds(void)
{
	for (int fd = FIRST_FD; fd < FIRST_FD + SOME_FDS; fd++)
		MUST(dup2(1, fd) == fd);
}

static void
check(const struct bsock_state *state)
{
	char text[BSOCK_ADDR_STRLEN];

	for (size_t i = 0; i < state->nsaved; i++) {
		const struct bsock_resvaddr_saved *s = &state->saved[i];

		MUST(bsock_addr_format(&s->addr, text, sizeof(text)) <
		     sizeof(text));
		MUST(s->who.kind == BSOCK_AUTHZ_UID ||
		     s->who.kind == BSOCK_AUTHZ_GID);
		for (int k = 0; k < BSOCK_RESVADDR_PARTS; k++) {
			MUST(s->fds[k] == -1 ||
			     fcntl(s->fds[k], F_GETFD) == FD_CLOEXEC);
			MUST(memchr(s->names[k], '\0', sizeof(s->names[k])) !=
			     NULL);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsock_state state;
	const char *why;
	char number[16];
	int fd;

	if (size > INPUT_MAX)
		return 0;
	offer_fds();
	fd = make_file(data, size);
	(void)snprintf(number, sizeof(number), "%d", fd);
	MUST(setenv("BSOCK_STATE", number, 1) == 0);
	if (bsock_state_load(&state, &why)) {
		check(&state);
		free(state.saved);
	} else {
		MUST(why != NULL && state.saved == NULL);
	}
	MUST(getenv("BSOCK_STATE") == NULL);
	if (fcntl(fd, F_GETFD) >= 0)
		(void)close(fd);
	return 0;
}
