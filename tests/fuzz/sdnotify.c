/*
 * The environment of a service manager, one variable a line: LISTEN_FDS,
 * LISTEN_FDNAMES, NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_PID ("us" for ours).
 * The module itself is included, so that its memory can be given back.
 */
#include "../../bsock_sdnotify.c"
#include "lib/fuzz.h"

static const char *const variables[] = {"LISTEN_FDS", "LISTEN_FDNAMES",
    "NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID"};

static void
set_environment(char *text)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		char *newline = strchr(text, '\n');

		if (newline == NULL) {
			MUST(unsetenv(variables[i]) == 0);
			continue;
		}
		*newline = '\0';
		MUST(setenv(variables[i], strcmp(text, "us") == 0 ? pid : text,
			 1) == 0);
		text = newline + 1;
	}
}

static void
check(void)
{
	size_t n = bsock_sdnotify_count();

	MUST(n <= FDS_MAX);
	for (size_t i = 0; i < n; i++) {
		int fd = bsock_sdnotify_fd(i);

		MUST(fd == -1 || fd == FIRST_FD + (int)i);
		MUST(strlen(bsock_sdnotify_name(i)) < 4096);
	}
	(void)bsock_sdnotify_watchdog();
	(void)bsock_sdnotify_send("READY=1");
	MUST(getenv("LISTEN_FDS") == NULL);
}

static void
give_back(void)
{
	if (manager.sock >= 0)
		(void)close(manager.sock);
	free(manager.fds);
	free(manager.names);
	memset(&manager, 0, sizeof(manager));
	manager.sock = -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	set_environment(text);
	bsock_sdnotify_start();
	check();
	give_back();
	return 0;
}
