/*
 * once - times of what happens once: a start
 *
 * once answer SOCKET PORT -- DAEMON...	start a daemon, ask it for
 *	127.0.0.1:PORT until it answers, print the us from fork(2) to the
 *	answer and its VmRSS in KiB a moment later, end it
 * once spawn N [-p PRELOAD] -- COMMAND...	run a command N times, print the
 *	median of its run times in us
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hist.h"

#define PATIENCE_NS 60000000000u
#define RUNS_MAX    10000

extern char **environ;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static pid_t
start(char **command)
{
	pid_t pid;

	errno = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (errno != 0)
		die(command[0]);
	return pid;
}

/* --- start to first answer --------------------------------------------- */

/* Returns the errno that the daemon answered, or -1 when nobody did. */
static int
ask(const char *path, const char *text)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int32_t answer[2] = {-1, 0};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, path, strlen(path));
	if (sock >= 0 &&
	    connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    send(sock, text, strlen(text), MSG_NOSIGNAL) > 0 &&
	    recv(sock, answer, sizeof(answer), 0) < 4)
		answer[0] = -1;
	(void)close(sock);
	return answer[0];
}

static long
rss_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	}
	if (file != NULL)
		(void)fclose(file);
	return kib;
}

static int
answer(const char *path, const char *port, char **command)
{
	char text[128];
	uint64_t before = hist_now(), taken;
	pid_t pid = start(command);
	int r = -1;

	(void)snprintf(
	    text, sizeof(text), "AF_INET SOCK_STREAM tcp %s 127.0.0.1", port);
	while (r < 0 && waitpid(pid, NULL, WNOHANG) == 0 &&
	       hist_now() - before < PATIENCE_NS) {
		r = ask(path, text);
		if (r < 0)
			(void)usleep(100);
	}
	taken = hist_now() - before;
	(void)usleep(100000); /* what follows the start belongs to it */
	(void)printf("%.0f %ld\n", (double)taken / 1e3, rss_kib(pid));
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	if (r != 0)
		(void)fprintf(stderr, "once: %s: %s\n", path,
		    r < 0 ? "no answer" : strerror(r));
	return r != 0;
}

/* --- process start ----------------------------------------------------- */

static int
by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
spawn(const char *times, const char *preload, char **command)
{
	static uint64_t taken[RUNS_MAX];
	long n = strtol(times, NULL, 10);

	if (n < 1 || n > RUNS_MAX)
		return 2;
	if (preload != NULL)
		(void)setenv("LD_PRELOAD", preload, 1);
	for (long i = 0; i < n; i++) {
		uint64_t before = hist_now();
		pid_t pid = start(command);

		(void)waitpid(pid, NULL, 0);
		taken[i] = hist_now() - before;
	}
	qsort(taken, (size_t)n, sizeof(taken[0]), by_value);
	(void)printf("%.1f\n", (double)taken[n / 2] / 1e3);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 5 && strcmp(argv[1], "answer") == 0 &&
	    strcmp(argv[4], "--") == 0 && strlen(argv[2]) < 108)
		return answer(argv[2], argv[3], argv + 5);
	if (argc > 4 && strcmp(argv[1], "spawn") == 0 &&
	    strcmp(argv[3], "--") == 0)
		return spawn(argv[2], NULL, argv + 4);
	if (argc > 6 && strcmp(argv[1], "spawn") == 0 &&
	    strcmp(argv[3], "-p") == 0 && strcmp(argv[5], "--") == 0)
		return spawn(argv[2], argv[4], argv + 6);
	(void)fprintf(stderr,
	    "usage: once answer SOCKET PORT -- DAEMON...\n"
	    "       once spawn N [-p PRELOAD] -- COMMAND...\n");
	return 2;
}
