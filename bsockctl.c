/*
 * bsockctl - what the commands of the tool share
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsockctl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock_advice.h"
#include "bsock_compat.h"
#include "bsock_log.h"
#include "bsock_names.h"
#include "bsock_paths.h"

static const char usage[] =
    "usage: bsockctl [options] status [--json]\n"
    "       bsockctl [options] explain USER FAMILY SOCKTYPE PROTO PORT ADDR\n"
    "       bsockctl [options] reload\n"
    "       bsockctl [options] rules\n"
    "       bsockctl import authbind [DIRECTORY]\n"
    "       bsockctl -h | -V\n";

static const char help[] =
    "\n"
    "Look at bsock, and make it read its files again.\n"
    "\n"
    "  status    what the daemon serves and holds\n"
    "  explain   may this user have this address, and which line says so\n"
    "  reload    check the files, reload, tell whether the daemon took them\n"
    "  rules     the rules in canonical form, sorted\n"
    "  import    print another tool's settings as rules\n"
    "\n"
    "  -c config    rules                (" BSOCK_CONFIG_PATH ")\n"
    "  -r resvaddr  reserved addresses   (" BSOCK_RESVADDR_PATH ")\n"
    "  -s socket    where to ask         (" BSOCK_SOCKET_PATH ")\n"
    "  --json       status: as JSON\n"
    "  -h, -V       this help; the version\n"
    "\n"
    "Exit status: 0 yes, 1 no, 2 not asked properly or files with errors.\n"
    "See bsockctl(8).\n";

static int
fail_usage(void)
{
	(void)fputs(usage, stderr);
	return BSOCKCTL_USAGE;
}

static void
report(void *ctx, enum bsock_config_severity severity, const char *text)
{
	(void)ctx;
	(void)severity;
	(void)fprintf(stderr, "%s\n", text);
}

int
bsockctl_load(
    const struct bsockctl *ctl, bool fresh, struct bsock_config *config)
{
	const struct bsock_config_options options = {
	    .rules_path = ctl->config,
	    .resvaddr_path = ctl->resvaddr,
	    .resvaddr_required = fresh,
	    .allowed_needs = ~0u,
	    .own_uid = geteuid(),
	    .report = report,
	};

	if (bsock_config_load(config, &options) != 0)
		return -1;
	if (fresh)
		bsock_advice(config, &options);
	return 0;
}

/* Would a rule with this name be about another one, or none? */
static bool
name_misleads(const char *name)
{
	return name[strspn(name, "0123456789")] == '\0' || name[0] == '@' ||
	       name[0] == '#' || strpbrk(name, " \t\r\n") != NULL;
}

const char *
bsockctl_who(const struct bsock_authz_principal *who, char *buf, size_t size)
{
	bool group = who->kind == BSOCK_AUTHZ_GID;
	const char *at = group ? "@" : "";
	char name[256];

	if (group)
		(void)bsock_names_of_gid(who->id, name, sizeof(name));
	else
		(void)bsock_names_of_uid(who->id, name, sizeof(name));
	if (name_misleads(name))
		(void)snprintf(buf, size, "%s%u", at, who->id);
	else
		(void)snprintf(buf, size, "%s%s", at, name);
	return buf;
}

const char *
bsockctl_shown(const char *text, char *buf, size_t size)
{
	(void)bsock_log_escape(buf, size, text, strlen(text), true);
	return buf;
}

const char *
bsockctl_sentence(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return text;
}

static int
run(const struct bsockctl *ctl, int argc, char **argv)
{
	const char *command = argc > 0 ? argv[0] : "";

	if (strcmp(command, "status") == 0 && argc == 1)
		return bsockctl_status(ctl);
	if (ctl->json)
		return fail_usage();
	if (strcmp(command, "explain") == 0 && argc == 7)
		return bsockctl_explain(ctl, argv + 1);
	if (strcmp(command, "reload") == 0 && argc == 1)
		return bsockctl_reload(ctl);
	if (strcmp(command, "rules") == 0 && argc == 1)
		return bsockctl_rules(ctl);
	if (strcmp(command, "import") == 0 && (argc == 2 || argc == 3) &&
	    strcmp(argv[1], "authbind") == 0)
		return bsockctl_import_authbind(
		    argc == 3 ? argv[2] : "/etc/authbind");
	return fail_usage();
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
	    {"json", no_argument, NULL, 'J'}, {NULL, 0, NULL, 0}};
	struct bsockctl ctl = {.config = BSOCK_CONFIG_PATH,
	    .resvaddr = BSOCK_RESVADDR_PATH,
	    .socket = BSOCK_SOCKET_PATH};
	int c, status;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	while ((c = getopt_long(argc, argv, "c:r:s:hV", long_options, NULL)) !=
	       -1) {
		switch (c) {
		case 'c':
			ctl.config = optarg;
			break;
		case 'r':
			ctl.resvaddr = optarg;
			break;
		case 's':
			ctl.socket = optarg;
			break;
		case 'J':
			ctl.json = true;
			break;
		case 'h':
			(void)printf("%s%s", usage, help);
			return BSOCKCTL_OK;
		case 'V':
			(void)printf("bsockctl " BSOCK_VERSION "\n");
			return BSOCKCTL_OK;
		default:
			return fail_usage();
		}
	}
	status = run(&ctl, argc - optind, argv + optind);
	if (fflush(stdout) != 0) {
		perror("bsockctl: cannot write");
		return BSOCKCTL_USAGE;
	}
	return status;
}
