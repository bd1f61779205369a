/* What a re-exec hands over: written, read back, and nothing else believed. */
#include "bsock_state.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <unistd.h>

#include "tap.h"

#define GOOD                                                                   \
	"%d - %d - -1 - 0 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "         \
	"127.0.0.1"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int
any_fd(void)
{
	return memfd_create("any", MFD_CLOEXEC);
}

/* A state with that text; returns its descriptor, named in BSOCK_STATE. */
static int
pose(const char *text, size_t len, int seals)
{
	char number[16];
	int fd = memfd_create("posed", MFD_ALLOW_SEALING);

	if (write(fd, text, len) != (ssize_t)len ||
	    fcntl(fd, F_ADD_SEALS, seals) != 0)
		exit(1);
	(void)snprintf(number, sizeof(number), "%d", fd);
	(void)setenv("BSOCK_STATE", number, 1);
	return fd;
}

static bool
accepts(const char *text, size_t len)
{
	struct bsock_state state;
	const char *why;
	int fd = pose(text, len, SEALS);
	bool good = bsock_state_load(&state, &why);

	free(state.saved);
	if (!good)
		(void)close(fd);
	return good;
}

/* A state of this one line. */
static bool
accepts_line(const char *line)
{
	char text[700];
	int n = snprintf(text, sizeof(text),
	    "bsock state 1 %ld -1 -1 0 1\n%s\n", (long)getpid(), line);

	return accepts(text, (size_t)n);
}

static void
test_round_trip(void)
{
	struct bsock_resvaddr_saved saved[2];
	struct bsock_state state = {
	    .control = any_fd(),
	    .lock = any_fd(),
	    .control_given = true,
	    .saved = saved,
	    .nsaved = 2,
	};
	struct bsock_state got;
	const char *why;

	memset(saved, 0, sizeof(saved));
	saved[0].addr = (struct bsock_addr){.family = AF_INET,
	    .port = 80,
	    .socktype = SOCK_STREAM,
	    .protocol = 6};
	saved[1].addr = (struct bsock_addr){.family = AF_UNIX,
	    .socktype = SOCK_STREAM,
	    .pathlen = 6,
	    .path = "/run/x"};
	for (int i = 0; i < 2; i++)
		for (int part = 0; part < BSOCK_RESVADDR_PARTS; part++)
			saved[i].fds[part] = i == 0 ? any_fd() : -1;
	(void)snprintf(saved[0].names[0], sizeof(saved[0].names[0]), "a-name");
	saved[0].claimed = saved[0].loose = saved[1].listened = true;
	saved[0].claims = 12345678901;
	saved[0].peer.uid = 4294967294;
	saved[0].peer.pid = 77;
	saved[0].who.kind = BSOCK_AUTHZ_GID;
	saved[0].who.id = 33;
	ok(bsock_state_save(&state) >= 0, "a state is saved");
	ok(fcntl(state.control, F_GETFD) == 0, "its descriptors survive exec");
	ok(bsock_state_load(&got, &why) && why == NULL, "and it is loaded");
	is(got.control, state.control, "the control socket");
	is(got.lock, state.lock, "the lock");
	ok(got.control_given && got.nsaved == 2, "the rest of the head");
	ok(memcmp(got.saved, saved, sizeof(saved)) == 0, "every address");
	ok(fcntl(state.control, F_GETFD) == FD_CLOEXEC, "close-on-exec again");
	ok(getenv("BSOCK_STATE") == NULL, "the variable is gone");
	free(got.saved);
	ok(!bsock_state_load(&got, &why) && why == NULL, "no state: no reason");
}

static void
test_refused(void)
{
	static const char *const bad[] = {
	    "",
	    "7 - -1 - -1 - 0 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80",
	    "-1 - -1 - -1 - 2 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1",
	    "-1 - -1 - -1 - 0 0 0 -1 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1",
	    "-1 - -1 - -1 - 0 0 0 0 4294967296 0 0 0:0 AF_INET SOCK_STREAM tcp "
	    "80 127.0.0.1",
	    "-1 - -1 - -1 - 0 0 0 0 0 0 0 2:0 AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1",
	    "-1 - -1 - -1 - 0 0 0 0 0 0 0 0: AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1",
	    "-1 - -1 - -1 - 0 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "
	    "localhost",
	    "-1 - -1 - -1 - 0 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1 more",
	    "2 - -1 - -1 - 0 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1",
	    "9999 - -1 - -1 - 0 0 0 0 0 0 0 0:0 AF_INET SOCK_STREAM tcp 80 "
	    "127.0.0.1",
	};
	int a = memfd_create("a", 0), b = memfd_create("b", 0);
	char line[200];

	(void)snprintf(line, sizeof(line), GOOD, a, b);
	ok(accepts_line(line), "a good line");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (accepts_line(bad[i]))
			ok(0, bad[i]);
	ok(1, "bad lines are refused");
	(void)fcntl(a, F_SETFD, 0);
	(void)snprintf(line, sizeof(line), GOOD, a, a);
	ok(!accepts_line(line), "so is a descriptor that is named twice");
}

static void
test_poses(void)
{
	struct bsock_state state;
	const char *why = NULL;
	char text[64];
	int n = snprintf(text, sizeof(text), "bsock state 1 %ld -1 -1 0 0\n",
	    (long)getpid());

	ok(accepts(text, (size_t)n), "an empty state");
	ok(!accepts(text, (size_t)n - 1), "without its newline");
	ok(!accepts("bsock state 1 1 -1 -1 0 0\n", 26), "of another process");
	ok(!accepts("bsock state 2 1 -1 -1 0 0\n", 26), "of another version");
	text[n] = 'x';
	ok(!accepts(text, (size_t)n + 1), "with something after it");
	(void)close(pose(text, (size_t)n, F_SEAL_WRITE));
	(void)pose(text, (size_t)n, F_SEAL_WRITE);
	ok(!bsock_state_load(&state, &why) && why != NULL, "half sealed");
	(void)setenv("BSOCK_STATE", "1", 1);
	ok(!bsock_state_load(&state, &why) && why != NULL, "stdout");
	ok(fcntl(1, F_GETFD) == 0, "which is left alone");
	(void)setenv("BSOCK_STATE", "3x", 1);
	ok(!bsock_state_load(&state, &why) && why != NULL, "no number");
}

/* One byte changed, cut anywhere: whatever it means, nothing breaks. */
static void
test_mutations(void)
{
	char text[200], copy[200];
	int n = snprintf(text, sizeof(text),
	    "bsock state 1 %ld -1 -1 0 1\n-1 - -1 x -1 - 0 1 0 5 1 2 3 "
	    "0:4 AF_INET6 SOCK_DGRAM udp 53 ::1\n",
	    (long)getpid());
	int accepted = 0;

	ok(accepts(text, (size_t)n), "the text to be changed");
	for (int i = 0; i < n; i++) {
		accepted += accepts(text, (size_t)i);
		for (int c = 0; c < 256; c += 5) {
			memcpy(copy, text, (size_t)n);
			copy[i] = (char)c;
			(void)accepts(copy, (size_t)n);
		}
	}
	is(accepted, 0, "no part of a state is one");
}

int
main(void)
{
	test_round_trip();
	test_refused();
	test_poses();
	test_mutations();
	return finish();
}
