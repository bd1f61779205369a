/*
 * bsockctl_status - a table of what the daemon serves and holds
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bsock_names.h"
#include "bsock_serve.h"
#include "bsockctl.h"

#define WIDTH         80
#define ERROR_WIDTH   (WIDTH - 10)
#define ADDRESS_WIDTH 26
#define DAY_MINUTES   1440ULL

static void
show_uptime(unsigned long long seconds)
{
	unsigned long long minutes = seconds / 60;

	if (seconds < 60)
		(void)printf("%llu s", seconds);
	else if (minutes < DAY_MINUTES)
		(void)printf("%llu h %llu min", minutes / 60, minutes % 60);
	else
		(void)printf("%llu days %llu h", minutes / DAY_MINUTES,
		    minutes / 60 % 24);
}

static const char *
time_text(unsigned long long when, char *buf, size_t size)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(buf, size, "%llu", when);
	return buf;
}

/* How much of text goes on a line: up to a blank, where there is one. */
static int
line_length(const char *text)
{
	int len = (int)strnlen(text, ERROR_WIDTH + 1);

	if (len <= ERROR_WIDTH)
		return len;
	for (len = ERROR_WIDTH; len > 0 && text[len - 1] != ' '; len--)
		;
	return len > 0 ? len : ERROR_WIDTH;
}

static void
show_wrapped(const char *text)
{
	for (int n; *text != '\0'; text += n) {
		n = line_length(text);
		(void)printf("          %.*s\n", n, text);
	}
}

static void
show_loads(const char *json)
{
	unsigned long long rules = 0, loaded = 0, generation = 0, when = 0;
	char text[40], error[512];

	(void)bsockctl_number(json, NULL, "rules", &rules);
	(void)bsockctl_number(json, NULL, "loaded", &loaded);
	(void)bsockctl_number(json, NULL, "generation", &generation);
	(void)printf("rules     %llu, loaded %s, generation %llu\n", rules,
	    time_text(loaded, text, sizeof(text)), generation);
	(void)bsockctl_number(json, NULL, "error_time", &when);
	/* One that a later reload has made good is history. */
	if (when < loaded ||
	    !bsockctl_string(json, NULL, "error", error, sizeof(error)))
		return;
	(void)printf(
	    "reload    failed %s:\n", time_text(when, text, sizeof(text)));
	show_wrapped(bsockctl_sentence(error));
}

/* The reasons that there were, as many as a line holds. */
static void
show_refused(const char *json)
{
	const char *p = strstr(json, "\"refused\":{");
	const char *end = p != NULL ? strchr(p, '}') : NULL;
	int column = printf("refused  "), margin = column;
	unsigned long long n;

	for (int i = 0; end != NULL && i < BSOCK_REASONS; i++) {
		const char *name = bsock_reason_name((enum bsock_reason)i);

		if (!bsockctl_number(p, end, name, &n) || n == 0)
			continue;
		if (column + (int)strlen(name) + 22 > WIDTH)
			column = printf("\n%*s", margin, "") - 1;
		column += printf(" %s %llu", name, n);
	}
	(void)printf("%s\n", column == margin ? " 0" : "");
}

static void
show_daemon(const char *json, const struct bsockctl *ctl)
{
	unsigned long long pid = 0, uptime = 0, n = 0;
	char version[32] = "?", shown[sizeof(version) * 4];

	(void)bsockctl_string(json, NULL, "version", version, sizeof(version));
	(void)bsockctl_number(json, NULL, "pid", &pid);
	(void)bsockctl_number(json, NULL, "uptime", &uptime);
	(void)printf("bsock     %.20s, pid %llu, up ",
	    bsockctl_shown(version, shown, sizeof(shown)), pid);
	show_uptime(uptime);
	(void)printf("\nsocket    %.70s\n", ctl->socket);
	show_loads(json);
	(void)bsockctl_number(json, NULL, "granted", &n);
	(void)printf("granted   %llu\n", n);
	show_refused(json);
}

/* The name of a running program; "" when it is gone. */
static void
command_of(unsigned long long pid, char *buf, size_t size)
{
	char path[64], name[32];
	ssize_t n;
	int fd;

	buf[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%llu/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, name, sizeof(name) - 1);
	(void)close(fd);
	if (n <= 0)
		return;
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
	(void)bsockctl_shown(name, buf, size);
}

static bool
has_socket(const char *pid, const char *link)
{
	char path[280], target[64];
	bool found = false;
	struct dirent *e;
	ssize_t n;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
		n = readlinkat(
		    dirfd(dir), e->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = strcmp(target, link) == 0;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

/* Not the daemon, nor a service manager that stores what the daemon has. */
static bool
may_serve(const char *pid, uid_t uid, unsigned long long daemon)
{
	unsigned long long number = strtoull(pid, NULL, 10);
	char path[280];
	struct stat st;

	if (number <= 1 || number == daemon)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%s", pid);
	return stat(path, &st) == 0 && st.st_uid == uid;
}

/*
 * Which of that user's processes has the socket: a program that goes to the
 * background after its bind leaves it to a child.  0: none that we may see.
 */
static unsigned long long
find_heir(const char *json, const char *end, unsigned long long daemon)
{
	unsigned long long inode, uid, pid = 0;
	struct dirent *e;
	char link[64];
	DIR *dir;

	if (!bsockctl_number(json, end, "inode", &inode) ||
	    !bsockctl_number(json, end, "uid", &uid))
		return 0;
	(void)snprintf(link, sizeof(link), "socket:[%llu]", inode);
	dir = opendir("/proc");
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	while (dir != NULL && pid == 0 && (e = readdir(dir)) != NULL)
		if (may_serve(e->d_name, (uid_t)uid, daemon) &&
		    has_socket(e->d_name, link))
			pid = strtoull(e->d_name, NULL, 10);
	if (dir != NULL)
		(void)closedir(dir);
	return pid;
}

/* "www-data 4711 nginx"; heir: who has the socket of one that is gone. */
static void
claimant(const char *json, const char *end, bool gone, unsigned long long heir,
    char *buf, size_t size)
{
	unsigned long long uid, pid = heir;
	char user[256], shown[256], command[128] = "";

	if (!bsockctl_number(json, end, "uid", &uid)) {
		(void)snprintf(buf, size, "-");
		return;
	}
	(void)bsock_names_of_uid((uid_t)uid, user, sizeof(user));
	(void)bsockctl_shown(user, shown, sizeof(shown));
	if (heir == 0 && !bsockctl_number(json, end, "pid", &pid)) {
		(void)snprintf(buf, size, "%.32s", shown);
		return;
	}
	if (!gone)
		command_of(pid, command, sizeof(command));
	(void)snprintf(buf, size, "%.32s %llu%s%s", shown, pid,
	    command[0] != '\0' ? " " : "", command);
}

/* "tcp 80 0.0.0.0": what follows family and type says both; for a unix
 * socket it is "0 0 PATH", and the path alone does. */
static const char *
short_address(const char *addr)
{
	const char *p = addr;

	for (int blanks = 0; blanks < 2; blanks++) {
		p = strchr(p, ' ');
		if (p == NULL)
			return addr;
		p++;
	}
	return strncmp(p, "0 0 ", 4) == 0 ? p + 4 : p;
}

static void
show_reserved(const char *json, const char *end, unsigned long long daemon)
{
	unsigned long long queue = 0, limit = 0, claims = 0, heir = 0;
	char addr[512] = "?", state[16] = "?", who[256], line[64] = "-";
	char shown[2048];

	(void)bsockctl_string(json, end, "addr", addr, sizeof(addr));
	(void)bsockctl_string(json, end, "state", state, sizeof(state));
	(void)bsockctl_number(json, end, "claims", &claims);
	(void)bsockctl_number(json, end, "queue", &queue);
	if (bsockctl_number(json, end, "limit", &limit))
		(void)snprintf(line, sizeof(line), "%llu/%llu", queue, limit);
	if (strcmp(state, "gone") == 0)
		heir = find_heir(json, end, daemon);
	if (heir != 0)
		(void)snprintf(state, sizeof(state), "%s",
		    limit > 0 ? "listening" : "held");
	claimant(json, end, strcmp(state, "gone") == 0, heir, who, sizeof(who));
	(void)bsockctl_shown(short_address(addr), shown, sizeof(shown));
	if (strlen(shown) > ADDRESS_WIDTH) {
		(void)printf("%.80s\n", shown);
		shown[0] = '\0';
	}
	(void)printf("%-*s %-9.9s %-11.11s %6llu %.24s\n", ADDRESS_WIDTH, shown,
	    state, line, claims, who);
}

static void
show_table(const char *json)
{
	const char *end, *p = bsockctl_reserved(json, NULL, &end);
	unsigned long long daemon = 0;

	if (p == NULL)
		return;
	(void)bsockctl_number(json, NULL, "pid", &daemon);
	(void)printf("\n%-*s %-9s %-11s %6s %s\n", ADDRESS_WIDTH, "RESERVED",
	    "STATE", "QUEUE", "CLAIMS", "CLAIMANT");
	for (; p != NULL; p = bsockctl_reserved(json, end, &end))
		show_reserved(p, end, daemon);
}

int
bsockctl_status(const struct bsockctl *ctl)
{
	struct bsock_file answer;

	if (bsockctl_ask(ctl, &answer) != 0)
		return BSOCKCTL_NO;
	if (ctl->json) {
		(void)fwrite(answer.data, 1, answer.len, stdout);
	} else {
		show_daemon(answer.data, ctl);
		show_table(answer.data);
	}
	bsock_file_free(&answer);
	return BSOCKCTL_OK;
}
