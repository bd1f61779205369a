/*
 * bsock-run - starts a command whose binds go through bsock
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"
#include "bsock_paths.h"
#include "bsock_run_broker.h"
#include "bsock_run_elf.h"
#include "bsock_run_front.h"
#include "bsock_run_listen.h"
#include "bsock_run_say.h"
#include "bsock_run_user.h"
#include "bsock_supervise.h"

enum {
	EXIT_FAILED = BSOCK_RUN_FAILED,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127
};

static const char usage[] =
    "usage: bsock-run [-m auto|preload|notify] [-u user[:group]]\n"
    "                 [-l [name=]ADDRESS]... [-a ADDRESS|any]... [-n count]\n"
    "                 [-v] [--] command [argument ...]\n";

static const char help[] =
    "\n"
    "Run a command whose bind(2) asks bsock where the kernel says no.\n"
    "\n"
    "  -m preload   load the shim into it: dynamic programs, scripts\n"
    "  -m notify    watch its system calls: any program, static and Go too\n"
    "  -m auto      the one that fits the program (the default)\n"
    "  -u user[:group]\n"
    "               become that user first (root only)\n"
    "  -l [name=]ADDRESS\n"
    "               get this address and pass the socket as descriptor 3 and\n"
    "               on, with LISTEN_FDS; without -m that is all\n"
    "  -a ADDRESS | -a any\n"
    "               let the command have it, without daemon and config (root\n"
    "               only, needs -u); any: TCP and UDP, ports 1 to 1023\n"
    "  -n count     with -a: only so many binds\n"
    "  -v           say on stderr what was asked and answered\n"
    "  -h           this help\n"
    "\n"
    "ADDRESS is one argument: 'AF_INET SOCK_STREAM tcp 80 0.0.0.0'.\n"
    "Exit status: the command's; 125 bsock-run failed, 126 the command\n"
    "cannot be executed, 127 there is no such command.  See bsock-run(1).\n";

enum mode { MODE_AUTO, MODE_PRELOAD, MODE_NOTIFY, MODE_PLAIN };

static struct options {
	enum mode mode;
	bool mode_given, verbose;
	const char *user;
	char **command;
	const char *allow[BSOCK_RUN_BROKER_MAX];
	int nallow;
	const char *listen[BSOCK_RUN_LISTEN_MAX];
	int nlisten;
	unsigned long binds;
} opt;

static struct bsock_run_user user; /* when opt.user is given */
static pid_t broker_pid;
static char program[PATH_MAX]; /* the command's file */

/* --- options ----------------------------------------------------------- */

static int
wrong_usage(void)
{
	(void)fputs(usage, stderr);
	return -1;
}

static int
take_mode(const char *text)
{
	static const char *const modes[] = {"auto", "preload", "notify"};

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(text, modes[i]) == 0) {
			opt.mode = (enum mode)i;
			opt.mode_given = true;
			return 0;
		}
	bsock_run_say("-m %s: not auto, preload or notify", text);
	return -1;
}

static int
take_count(const char *text)
{
	char *end;

	errno = 0;
	opt.binds = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    opt.binds > 0)
		return 0;
	bsock_run_say("-n %s: not a number of binds", text);
	return -1;
}

static int
take_argument(const char *option, const char **list, int *n, int max)
{
	if (*n == max) {
		bsock_run_say("%s: at most %d", option, max);
		return -1;
	}
	list[(*n)++] = optarg;
	return 0;
}

static int
take_option(int c)
{
	switch (c) {
	case 'm':
		return take_mode(optarg);
	case 'u':
		opt.user = optarg;
		return 0;
	case 'l':
		return take_argument(
		    "-l", opt.listen, &opt.nlisten, BSOCK_RUN_LISTEN_MAX);
	case 'a':
		return take_argument(
		    "-a", opt.allow, &opt.nallow, BSOCK_RUN_BROKER_MAX);
	case 'n':
		return take_count(optarg);
	case 'v':
		opt.verbose = true;
		return 0;
	case 'h':
		(void)printf("%s%s", usage, help);
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
		exit(0);
	default:
		return wrong_usage();
	}
}

/* Which options go together. */
static int
check_options(void)
{
	const char *wrong = NULL;

	if (opt.command[0] == NULL)
		return wrong_usage();
	if (opt.user != NULL && geteuid() != 0)
		wrong = "-u: only root can become another user";
	else if (opt.nallow > 0 && geteuid() != 0)
		wrong = "-a: only root can give addresses away; ask the "
			"administrator for a rule in " BSOCK_CONFIG_PATH;
	else if (opt.nallow > 0 && opt.user == NULL)
		wrong = "-a needs -u: whom to give the addresses to";
	else if (opt.binds > 0 && opt.nallow == 0)
		wrong = "-n needs -a";
	if (wrong != NULL)
		bsock_run_say("%s", wrong);
	return wrong == NULL ? 0 : -1;
}

static int
parse(int argc, char **argv)
{
	int c;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((c = getopt(argc, argv, "+m:u:l:a:n:vh")) != -1)
		if (take_option(c) != 0)
			return -1;
	opt.command = argv + optind;
	return check_options();
}

/* --- the private broker ------------------------------------------------ */

/* Returns its lifeline, or -1 after saying why. */
static int
start_broker(void)
{
	static struct bsock_broker broker;
	const char *path = NULL;
	int lifeline;

	if (user.uid == 0) {
		bsock_run_say("-a: root can bind every address anyway");
		return -1;
	}
	broker.uid = user.uid;
	broker.gid = user.gid;
	broker.binds = opt.binds;
	broker.verbose = opt.verbose;
	for (int i = 0; i < opt.nallow; i++)
		if (bsock_broker_allow(&broker, opt.allow[i]) != 0)
			return -1;
	lifeline = bsock_broker_start(&broker, &path, &broker_pid);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (lifeline >= 0 && setenv("BSOCK_SOCKET", path, 1) != 0)
		return -1;
	return lifeline;
}

/* --- the command ------------------------------------------------------- */

/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */

/* Where the shim is: another build's tests have another. */
static const char *
shim(void)
{
	const char *path = getenv("BSOCK_PRELOAD");

	return path != NULL && *path != '\0' ? path : BSOCK_PRELOAD_PATH;
}

/* After what is there already; ld.so(8) takes colons as well as spaces. */
static int
set_preload(void)
{
	const char *old = getenv("LD_PRELOAD");
	size_t size;
	char *value;
	int result;

	if (old == NULL || *old == '\0')
		return setenv("LD_PRELOAD", shim(), 1);
	size = strlen(old) + 1 + strlen(shim()) + 1;
	value = malloc(size);
	if (value == NULL)
		return -1;
	(void)snprintf(value, size, "%s:%s", old, shim());
	result = setenv("LD_PRELOAD", value, 1);
	free(value);
	return result;
}

/* As notify does: without -v only of binds that were not granted. */
static int
set_talk(void)
{
	return opt.verbose ? setenv("BSOCK_PRELOAD_DEBUG", "1", 1)
			   : setenv("BSOCK_PRELOAD_DEBUG", "refused", 0);
}

/* NOLINTEND(concurrency-mt-unsafe) */

/* Becomes the command; returns an exit status when that fails. */
static int
exec_command(void)
{
	int error;

	if (bsock_run_listen_pass() != 0)
		return EXIT_FAILED;
	(void)execv(program, opt.command);
	error = errno;
	bsock_run_say("%s: %s", opt.command[0], bsock_compat_strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static void
exec_or_exit(void *ctx)
{
	(void)ctx;
	_exit(exec_command());
}

static void
report(const struct bsock_ask *ask, int why, int error)
{
	/* A port that is taken is an everyday answer: programs try others. */
	if (opt.verbose || (error != 0 && why != EADDRINUSE))
		bsock_run_say_answer(ask, error);
}

/* Root's commands are not helped, nor do they need it. */
static void
report_blind(long pid)
{
	static bool said;

	if (!opt.verbose && (said || geteuid() == 0))
		return;
	said = true;
	bsock_run_say("process %ld does not let itself be looked into: its "
		      "binds are left to the kernel",
	    pid);
}

static int
keep_command(enum mode mode, int broker)
{
	static const struct bsock_supervise supervise = {
	    .listener = -1, .report = report, .blind = report_blind};
	const struct bsock_run_keeper keeper = {
	    .exec = exec_or_exit,
	    .supervise = mode == MODE_NOTIFY ? &supervise : NULL,
	    .broker = broker,
	    .broker_pid = broker_pid,
	};

	return bsock_run_front(&keeper);
}

/* The one that reaches the program's bind(2). */
static enum mode
choose_mode(void)
{
	enum bsock_run_kind kind = bsock_run_elf_kind(program);
	bool take = kind == BSOCK_RUN_SHIM || kind == BSOCK_RUN_SCRIPT ||
		    kind == BSOCK_RUN_UNKNOWN;
	bool have = access(shim(), R_OK) == 0;

	if (opt.mode == MODE_PRELOAD && !have)
		bsock_run_say("%s: %s", shim(), bsock_compat_strerror(errno));
	else if (opt.mode == MODE_PRELOAD && !take)
		bsock_run_say("%s is %s: the shim does not reach it, use -m "
			      "notify",
		    program, bsock_run_kind_name(kind));
	if (opt.mode != MODE_AUTO)
		return opt.mode;
	if (opt.verbose)
		bsock_run_say("%s is %s: %s", program,
		    bsock_run_kind_name(kind),
		    take && have ? "preload" : "notify");
	return take && have ? MODE_PRELOAD : MODE_NOTIFY;
}

static int
run_command(int broker)
{
	enum mode mode = MODE_PLAIN;

	if (bsock_run_elf_find(opt.command[0], program, sizeof(program)) != 0) {
		int error = errno;

		bsock_run_say(
		    "%s: %s", opt.command[0], bsock_compat_strerror(error));
		return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	}
	if (opt.nlisten == 0 || opt.mode_given)
		mode = choose_mode();
	if (mode == MODE_PRELOAD && (set_preload() != 0 || set_talk() != 0)) {
		bsock_run_say("%s", bsock_compat_strerror(errno));
		return EXIT_FAILED;
	}
	if (mode != MODE_NOTIFY && broker < 0)
		return exec_command();
	return keep_command(mode, broker);
}

/* A new descriptor must never get the number of stdin, stdout or stderr. */
static int
open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? -1 : close(fd);
}

int
main(int argc, char **argv)
{
	int broker = -1;

	if (open_standard_fds() != 0 || parse(argc, argv) != 0)
		return EXIT_FAILED;
	if (opt.user != NULL && bsock_run_user_find(&user, opt.user) != 0)
		return EXIT_FAILED;
	bsock_run_say_init(opt.user != NULL ? user.uid : geteuid(),
	    opt.nallow > 0 ? "-a" : BSOCK_CONFIG_PATH);
	if (opt.nallow > 0 && (broker = start_broker()) < 0)
		return EXIT_FAILED;
	if (opt.user != NULL && bsock_run_user_become(&user) != 0)
		return EXIT_FAILED;
	for (int i = 0; i < opt.nlisten; i++)
		if (bsock_run_listen_add(opt.listen[i]) != 0)
			return EXIT_FAILED;
	return run_command(broker);
}
