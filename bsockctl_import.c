/*
 * bsockctl_import - authbind's settings as rules, see authbind(1)
 *
 * What is printed is a config file: rules, and as comments what exact rules
 * cannot say.
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/stat.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock_compat.h"
#include "bsockctl.h"

#define PORTS_MAX  64  /* a longer range is not written out */
#define FIRST_BANG 512 /* from here on a file's name begins with ! */
#define LAST_PORT  1023

struct import {
	int dir;
	unsigned long unsaid;
};

/* Says what has no rule. */
static void
unsaid(struct import *in, const char *file, const char *what, const char *why)
{
	char shown[256];

	(void)printf(
	    "# not imported: %s", bsockctl_shown(file, shown, sizeof(shown)));
	if (what != NULL)
		(void)printf(
		    ": %s", bsockctl_shown(what, shown, sizeof(shown)));
	(void)printf(": %s\n", why);
	in->unsaid++;
}

/* authbind knows neither protocol: a rule for each. */
static void
emit(const struct bsock_authz_principal *who, const char *host, unsigned port)
{
	const char *family = strchr(host, ':') ? "AF_INET6" : "AF_INET";
	char name[256];

	(void)bsockctl_who(who, name, sizeof(name));
	(void)printf("%s %s SOCK_STREAM tcp %u %s\n", name, family, port, host);
	(void)printf("%s %s SOCK_DGRAM udp %u %s\n", name, family, port, host);
}

/* All of a number; false when it is none or above max. */
static bool
read_number(const char **p, unsigned long max, unsigned *number)
{
	char *end;
	unsigned long n;

	if (**p < '0' || **p > '9')
		return false;
	n = strtoul(*p, &end, 10);
	if (n > max)
		return false;
	*number = (unsigned)n;
	*p = end;
	return true;
}

/* "80", "!600": a port as the name of a file; authbind looks nowhere else
 * for it. */
static bool
read_port_name(const char *name, unsigned *port)
{
	bool bang = *name == '!';
	const char *p = name + bang;

	return read_number(&p, LAST_PORT, port) && *p == '\0' && *port > 0 &&
	       bang == (*port >= FIRST_BANG);
}

/* --- who may execute the file ------------------------------------------ */

static void
for_owners(struct import *in, const char *file, const char *const hosts[],
    unsigned port)
{
	struct bsock_authz_principal who;
	struct stat st;

	if (fstatat(in->dir, file, &st, 0) != 0) {
		unsaid(in, file, NULL, bsock_compat_strerror(errno));
		return;
	}
	if ((st.st_mode & S_IXOTH) != 0)
		unsaid(in, file, NULL, "everybody may: write a rule for each");
	if ((st.st_mode & S_IXUSR) != 0 && st.st_uid != 0) {
		who.kind = BSOCK_AUTHZ_UID;
		who.id = st.st_uid;
		for (size_t i = 0; hosts[i] != NULL; i++)
			emit(&who, hosts[i], port);
	}
	if ((st.st_mode & S_IXGRP) != 0) {
		who.kind = BSOCK_AUTHZ_GID;
		who.id = st.st_gid;
		for (size_t i = 0; hosts[i] != NULL; i++)
			emit(&who, hosts[i], port);
	}
}

static const char *const wildcards[] = {"0.0.0.0", "::", NULL};

static void
import_byport(struct import *in, const char *file, const char *name)
{
	unsigned port;

	if (!read_port_name(name, &port)) {
		unsaid(in, file, NULL, "not a port that authbind looks for");
		return;
	}
	for_owners(in, file, wildcards, port);
	unsaid(in, file, NULL,
	    "single addresses of this port: each takes a rule of its own");
}

/* A file in byport decides alone, whatever it says. */
static bool
decided_by_port(const struct import *in, unsigned port)
{
	char file[40];
	struct stat st;

	(void)snprintf(file, sizeof(file), "byport/%s%u",
	    port >= FIRST_BANG ? "!" : "", port);
	return fstatat(in->dir, file, &st, 0) == 0;
}

/* The address in the form of inet_ntop(3), which rules have too. */
static bool
canonical_host(const char *text, char *buf, size_t size)
{
	uint8_t host[16];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	return inet_pton(family, text, host) == 1 &&
	       inet_ntop(family, host, buf, (socklen_t)size) != NULL;
}

/* "127.0.0.1,80", "127.0.0.1:80", "!::1,600" */
static void
import_byaddr(struct import *in, const char *file, const char *name)
{
	const char *hosts[2] = {NULL, NULL};
	char text[INET6_ADDRSTRLEN + 8], host[INET6_ADDRSTRLEN], *split;
	unsigned port;
	bool bang = *name == '!';
	const char *p;

	(void)snprintf(text, sizeof(text), "%s", name + bang);
	split = strrchr(text, strchr(text, ',') != NULL ? ',' : ':');
	if (split != NULL)
		*split = '\0';
	p = split != NULL ? split + 1 : "";
	if (strlen(name + bang) >= sizeof(text) ||
	    !read_number(&p, LAST_PORT, &port) || *p != '\0' ||
	    bang != (port >= FIRST_BANG) ||
	    !canonical_host(text, host, sizeof(host))) {
		unsaid(in, file, NULL, "not what authbind looks for");
		return;
	}
	hosts[0] = host;
	if (decided_by_port(in, port))
		unsaid(in, file, NULL, "byport decides for this port");
	else
		for_owners(in, file, hosts, port);
}

/* --- byuid ------------------------------------------------------------- */

/* Is the whole of that family meant? */
static bool
is_everything(const char *host, const char *length)
{
	return strcmp(length, "0") == 0 &&
	       (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0);
}

static bool
is_single(const char *host, const char *length)
{
	return strcmp(length, strchr(host, ':') != NULL ? "128" : "32") == 0;
}

/* Splits "ADDR[-ADDR|/LEN],PORT[-PORT]" or "ADDR4/LEN:PORT,PORT" in place;
 * false when it is neither. */
static bool
split_line(char *line, char **addresses, unsigned *first, unsigned *last)
{
	char *slash = strchr(line, '/');
	char *colon = slash != NULL ? strchr(slash, ':') : NULL;
	char *split = colon != NULL ? colon : strchr(line, ',');
	const char *p;

	if (split == NULL)
		return false;
	*split = '\0';
	*addresses = line;
	p = split + 1;
	if (!read_number(&p, 65535, first))
		return false;
	*last = *first;
	if (*p == (colon != NULL ? ',' : '-')) {
		p++;
		if (!read_number(&p, 65535, last))
			return false;
	}
	return *p == '\0' && *first <= *last;
}

/* The one host that the addresses are, or the wildcard for all of them; NULL
 * when exact rules cannot say it. */
static const char *
host_of(char *addresses, bool *everything, char *host, size_t size)
{
	char *second = strpbrk(addresses, "-/");
	bool range = second != NULL && *second == '-';

	*everything = false;
	if (second != NULL)
		*second++ = '\0';
	if (!canonical_host(addresses, host, size))
		return NULL;
	if (second == NULL)
		return host;
	if (range)
		return strcmp(addresses, second) == 0 ? host : NULL;
	*everything = is_everything(host, second);
	return *everything || is_single(host, second) ? host : NULL;
}

static void
import_line(
    struct import *in, const char *file, uid_t uid, bool bang, const char *text)
{
	const struct bsock_authz_principal who = {BSOCK_AUTHZ_UID, uid};
	char line[256], host[INET6_ADDRSTRLEN], *addresses;
	unsigned first, last, low = bang ? FIRST_BANG : 1;
	unsigned high = bang ? LAST_PORT : FIRST_BANG - 1;
	bool everything;

	(void)snprintf(line, sizeof(line), "%s", text);
	if (!split_line(line, &addresses, &first, &last)) {
		unsaid(in, file, text, "authbind does not understand it");
		return;
	}
	first = first < low ? low : first;
	last = last > high ? high : last;
	if (host_of(addresses, &everything, host, sizeof(host)) == NULL)
		unsaid(in, file, text, "more than one address");
	else if (last >= first && last - first >= PORTS_MAX)
		unsaid(in, file, text, "too many ports");
	else
		for (unsigned port = first; port <= last; port++) {
			if (decided_by_port(in, port))
				unsaid(in, file, text,
				    "byport decides for this port");
			else
				emit(&who, host, port);
		}
	if (everything)
		unsaid(in, file, text,
		    "single addresses: each takes a rule of its own");
}

/* Takes the newline off; false, and skips the rest, when line is only the
 * beginning of one. */
static bool
end_line(char *line, FILE *f)
{
	size_t len = strcspn(line, "\n");
	bool whole = line[len] == '\n' || feof(f);
	int c = 0;

	line[len] = '\0';
	while (!whole && (c = fgetc(f)) != '\n' && c != EOF)
		;
	return whole;
}

static void
import_byuid(struct import *in, const char *file, const char *name)
{
	bool bang = *name == '!';
	const char *p = name + bang;
	char line[256];
	unsigned uid;
	FILE *f;
	int fd;

	if (!read_number(&p, UINT32_MAX - 1, &uid) || *p != '\0') {
		unsaid(in, file, NULL, "not a uid");
		return;
	}
	fd = openat(in->dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (f == NULL) {
		unsaid(in, file, NULL, bsock_compat_strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (!end_line(line, f))
			unsaid(in, file, line, "the line is too long");
		else if (line[0] != '\0' && line[0] != '#')
			import_line(in, file, (uid_t)uid, bang, line);
	}
	(void)fclose(f);
}

/* --- the three directories --------------------------------------------- */

typedef void import_file(struct import *in, const char *file, const char *name);

static int
not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Calls fn for each file, sorted; a directory that is not there is empty. */
static int
import_directory(struct import *in, const char *name, import_file *fn)
{
	struct dirent **entries;
	char file[300];
	int n = scandirat(in->dir, name, &entries, not_hidden, alphasort);

	if (n < 0)
		return errno == ENOENT ? 0 : -1;
	for (int i = 0; i < n; i++) {
		(void)snprintf(
		    file, sizeof(file), "%s/%s", name, entries[i]->d_name);
		fn(in, file, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

int
bsockctl_import_authbind(const char *directory)
{
	struct import in = {.unsaid = 0};
	int status = BSOCKCTL_USAGE;

	in.dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in.dir < 0) {
		(void)fprintf(stderr, "bsockctl: %s: %s\n", directory,
		    bsock_compat_strerror(errno));
		return BSOCKCTL_USAGE;
	}
	if (import_directory(&in, "byport", import_byport) == 0 &&
	    import_directory(&in, "byaddr", import_byaddr) == 0 &&
	    import_directory(&in, "byuid", import_byuid) == 0)
		status = in.unsaid == 0 ? BSOCKCTL_OK : BSOCKCTL_NO;
	else
		(void)fprintf(stderr, "bsockctl: %s: %s\n", directory,
		    bsock_compat_strerror(errno));
	(void)close(in.dir);
	return status;
}
