/*
 * bsock - the program: which of its forms is meant, and its options
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock_check.h"
#include "bsock_daemon.h"
#include "bsock_names.h"
#include "bsock_oneshot.h"
#include "bsock_paths.h"
#include "bsock_priv.h"
#include "bsock_worker.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "usage: bsock -d [-F] [-c config] [-r resvaddr] [-s socket] [-g group]\n"
    "             [-m mode] [-j threads] [-u user]\n"
    "       bsock -t [-c config] [-r resvaddr]\n"
    "       bsock -h | -V\n"
    "       bsock\n"
    "       bsock FAMILY SOCKTYPE PROTO PORT ADDR\n";

static const char help[] =
    "\n"
    "Bind sockets for users who may have the address and may not bind it.\n"
    "\n"
    "  -d           be the daemon; the command returns once it serves\n"
    "  -F           stay in the foreground, log to stderr\n"
    "  -t           check both config files\n"
    "  -c config    rules                (" BSOCK_CONFIG_PATH ")\n"
    "  -r resvaddr  reserved addresses   (" BSOCK_RESVADDR_PATH ")\n"
    "  -s socket    where clients ask    (" BSOCK_SOCKET_PATH ")\n"
    "  -g group     group of the socket  (" BSOCK_GROUP ")\n"
    "  -m mode      mode of the socket, octal\n"
    "  -j threads   serving threads      (4)\n"
    "  -u user      run as that user after start-up\n"
    "  -h, -V       this help; version and built-in paths\n"
    "\n"
    "Without an argument: one request, read from the connected unix socket\n"
    "on stdin.  With five: one request, stdin is the socket to bind; the\n"
    "exit status is then the errno of the outcome.\n"
    "\n"
    "See bsock(8), bsock(5).\n";

struct options {
	bool daemon, check, foreground;
	const char *config, *resvaddr, *socket, *group, *mode, *threads, *user;
	bool given; /* any option besides -d and -t */
};

static int
fail_usage(void)
{
	(void)fputs(usage, stderr);
	return EXIT_USAGE;
}

static int
complain(const char *option, const char *value, const char *why)
{
	(void)fprintf(stderr, "bsock: %s %s: %s\n", option, value, why);
	return EXIT_USAGE;
}

static int
show_help(void)
{
	(void)printf("%s%s", usage, help);
	return 0;
}

static int
show_version(void)
{
	(void)printf("bsock " BSOCK_VERSION "\n"
		     "config    " BSOCK_CONFIG_PATH "\n"
		     "resvaddr  " BSOCK_RESVADDR_PATH "\n"
		     "socket    " BSOCK_SOCKET_PATH "\n"
		     "group     " BSOCK_GROUP "\n");
	return 0;
}

/* A number in the given base, all of the text; false when it is not one. */
static bool
parse_number(
    const char *text, int base, unsigned long max, unsigned long *number)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*number = strtoul(text, &end, base);
	return *end == '\0' && *number <= max;
}

/* Absolute, so that nothing depends on the directory from then on; a path
 * that is too long stays as it is, and will not be found. */
static const char *
absolute(const char *path, char buf[PATH_MAX])
{
	size_t len;

	if (path[0] == '/' || getcwd(buf, PATH_MAX) == NULL)
		return path;
	len = strlen(buf);
	if (len + 1 + strlen(path) >= PATH_MAX)
		return path;
	buf[len] = '/';
	memcpy(buf + len + 1, path, strlen(path) + 1);
	return buf;
}

/* The file that is running, by the kernel's word where there is one. */
static const char *
own_program(const char *argv0)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return absolute(argv0, path);
	path[n] = '\0';
	return path;
}

/* -g, or the built-in group; who is not root and did not ask gets none. */
static int
parse_group(const char *text, gid_t *gid)
{
	unsigned long number;

	*gid = (gid_t)-1;
	if (text == NULL && geteuid() != 0)
		return 0;
	if (text == NULL)
		text = BSOCK_GROUP;
	if (parse_number(text, 10, UINT_MAX - 1, &number)) {
		*gid = (gid_t)number;
		return 0;
	}
	if (bsock_names_group(text, gid) == 0)
		return 0;
	return complain("-g", text, "no such group");
}

static int
parse_user(const char *text, struct bsock_daemon_options *o)
{
	gid_t groups[1];

	if (text == NULL)
		return 0;
	o->user = text;
	if (bsock_names_user(text, &o->uid) != 0)
		return complain("-u", text, "no such user");
	/* After a re-exec we are that user already. */
	if (geteuid() != 0 && geteuid() != o->uid)
		return complain(
		    "-u", text, "only root can become another user");
	if (bsock_names_groups_of(o->uid, groups, 1) < 1)
		return complain("-u", text, "has no group");
	o->gid = groups[0];
	return 0;
}

static int
run_daemon(const struct options *opt, char **argv)
{
	static char config[PATH_MAX], resvaddr[PATH_MAX], socket[PATH_MAX];
	struct bsock_daemon_options o = {
	    .config = absolute(opt->config, config),
	    .resvaddr = absolute(opt->resvaddr, resvaddr),
	    .socket = absolute(opt->socket, socket),
	    .mode = BSOCK_SOCKET_MODE,
	    .threads = BSOCK_WORKER_THREADS,
	    .foreground = opt->foreground,
	    .argv = argv,
	    .program = own_program(argv[0]),
	};
	unsigned long number;
	int status;

	if (bsock_daemon_begin() != 0)
		return 1;
	if (opt->mode != NULL) {
		if (!parse_number(opt->mode, 8, 0777, &number))
			return complain(
			    "-m", opt->mode, "not an octal mode up to 0777");
		o.mode = (mode_t)number;
	}
	if (opt->threads != NULL) {
		if (!parse_number(
			opt->threads, 10, BSOCK_WORKER_THREADS_MAX, &number) ||
		    number == 0)
			return complain("-j", opt->threads, "not in 1..64");
		o.threads = (unsigned)number;
	}
	status = parse_group(opt->group, &o.group);
	if (status == 0)
		status = parse_user(opt->user, &o);
	return status != 0 ? status : bsock_daemon(&o);
}

/* What an installed setuid program does for anybody: no daemon, no file but
 * the built-in ones. */
static bool
setuid_allows(const struct options *opt)
{
	if (!bsock_priv_is_setuid())
		return true;
	if (opt->check && !opt->daemon && !opt->given)
		return bsock_priv_drop_to_real() == 0;
	(void)fputs("bsock: a setuid bsock serves one request, or checks its "
		    "own files (-t): nothing else\n",
	    stderr);
	return false;
}

static int
dispatch(const struct options *opt, char **argv)
{
	if (!setuid_allows(opt))
		return 1;
	if (opt->daemon && !opt->check)
		return run_daemon(opt, argv);
	if (opt->check && !opt->daemon)
		return bsock_check(opt->config, opt->resvaddr);
	(void)fputs(
	    "bsock: -d for the daemon, or -t to check the files\n", stderr);
	return fail_usage();
}

/* Exactly no or five words: one request, whoever asks. */
static bool
is_oneshot(int argc, char **argv)
{
	return argc <= 1 || (argc == 6 && argv[1][0] != '-');
}

static int
run_oneshot(int argc, char **argv)
{
	if (bsock_priv_sanitize() != 0)
		return errno;
	return argc <= 1 ? bsock_oneshot_stdin()
			 : bsock_oneshot_words(argv + 1);
}

int
main(int argc, char **argv)
{
	struct options opt = {.config = BSOCK_CONFIG_PATH,
	    .resvaddr = BSOCK_RESVADDR_PATH,
	    .socket = BSOCK_SOCKET_PATH};
	int c;

	if (is_oneshot(argc, argv))
		return run_oneshot(argc, argv);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((c = getopt(argc, argv, "dFtc:r:s:g:m:j:u:hV")) != -1) {
		opt.given = opt.given || (c != 'd' && c != 't');
		switch (c) {
		case 'd':
			opt.daemon = true;
			break;
		case 'F':
			opt.foreground = true;
			break;
		case 't':
			opt.check = true;
			break;
		case 'c':
			opt.config = optarg;
			break;
		case 'r':
			opt.resvaddr = optarg;
			break;
		case 's':
			opt.socket = optarg;
			break;
		case 'g':
			opt.group = optarg;
			break;
		case 'm':
			opt.mode = optarg;
			break;
		case 'j':
			opt.threads = optarg;
			break;
		case 'u':
			opt.user = optarg;
			break;
		case 'h':
			return show_help();
		case 'V':
			return show_version();
		default:
			return fail_usage();
		}
	}
	if (optind != argc) {
		(void)fprintf(stderr,
		    "bsock: %s: not an option, nor one of "
		    "the five words of a request\n",
		    argv[optind]);
		return fail_usage();
	}
	return dispatch(&opt, argv);
}
