/* Giving privileges up: each case runs in a child of its own. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../../bsock_priv.h"
#include "tap.h"

#define NOBODY    65534
#define CHOWN_BIT 0x1ULL
#define BIND_BIT  0x400ULL

extern char **environ;

static char *self;

/* One line of /proc/self/status, a hexadecimal or decimal number. */
static unsigned long long
status_number(const char *key, int base)
{
	char line[256];
	unsigned long long value = ~0ULL;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoull(line + strlen(key), NULL, base);
	if (f != NULL)
		(void)fclose(f);
	return value;
}

/* Exit status of fn in a child: 0 good, else the number of what failed. */
static int
in_child(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

#define CHECK(n, condition)                                                    \
	do {                                                                   \
		if (!(condition))                                              \
			return (n);                                            \
	} while (0)

static int
caps_are(unsigned long long bits)
{
	CHECK(1, status_number("CapEff:", 16) == bits);
	CHECK(2, status_number("CapPrm:", 16) == bits);
	CHECK(3, status_number("CapInh:", 16) == bits);
	CHECK(4, status_number("CapAmb:", 16) == bits);
	CHECK(5, status_number("CapBnd:", 16) == bits);
	CHECK(6, status_number("NoNewPrivs:", 10) == 1);
	return 0;
}

/* --- capabilities ------------------------------------------------------ */

static int
keep_bind(void)
{
	CHECK(11, bsock_priv_keep(BSOCK_PRIV_NET_BIND) == 0);
	CHECK(12, bsock_priv_held() == BSOCK_PRIV_NET_BIND);
	return caps_are(BIND_BIT);
}

static int
keep_nothing(void)
{
	CHECK(11, bsock_priv_keep(0) == 0);
	CHECK(12, bsock_priv_held() == 0);
	CHECK(13, setgid(getgid() + 1) == -1);
	CHECK(14, status_number("CapPrm:", 16) == 0);
	CHECK(15, status_number("CapAmb:", 16) == 0);
	CHECK(16, status_number("NoNewPrivs:", 10) == 1);
	return 0;
}

static int
keep_cannot_add(void)
{
	CHECK(11, bsock_priv_keep(BSOCK_PRIV_NET_BIND) == 0);
	CHECK(12, bsock_priv_keep(BSOCK_PRIV_NET_BIND | BSOCK_PRIV_CHOWN) == 0);
	return caps_are(BIND_BIT);
}

static int
exec_self(const char *what)
{
	char *argv[] = {self, (char *)(uintptr_t)what, NULL};

	(void)execv(self, argv);
	return 99;
}

static int
keep_over_exec(void)
{
	CHECK(11, bsock_priv_keep(BSOCK_PRIV_NET_BIND | BSOCK_PRIV_CHOWN) == 0);
	return exec_self("both");
}

static int
become_nobody(void)
{
	CHECK(11, bsock_priv_become(NOBODY, NOBODY, BSOCK_PRIV_NET_BIND) == 0);
	CHECK(12, getuid() == NOBODY && getegid() == NOBODY);
	CHECK(13, getgroups(0, NULL) == 0);
	CHECK(14, setuid(0) == -1);
	return caps_are(BIND_BIT);
}

static int
become_over_exec(void)
{
	CHECK(11, bsock_priv_become(NOBODY, NOBODY, BSOCK_PRIV_NET_BIND) == 0);
	return exec_self("bind");
}

static int
drop_to_real(void)
{
	CHECK(11, setresgid(NOBODY, 0, 0) == 0);
	CHECK(12, setresuid(NOBODY, 0, 0) == 0);
	CHECK(13, bsock_priv_is_setuid());
	CHECK(14, bsock_priv_drop_to_real() == 0);
	CHECK(15, geteuid() == NOBODY && getegid() == NOBODY);
	CHECK(16, !bsock_priv_is_setuid());
	CHECK(17, setresuid((uid_t)-1, 0, (uid_t)-1) == -1);
	CHECK(18, bsock_priv_held() == 0);
	return 0;
}

/* --- what a hostile caller can prepare --------------------------------- */

static void
prepare_hostile(void)
{
	struct itimerval soon = {{0, 1000}, {3, 0}};
	struct rlimit tiny = {4096, RLIM_INFINITY};
	sigset_t all;

	(void)setenv("EVIL", "1", 1);
	(void)umask(0);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	(void)setrlimit(RLIMIT_FSIZE, &tiny);
	(void)dup2(1, 700);
	(void)close(0);
	(void)close(2);
	(void)chdir("/tmp");
}

static int
signals_are_default(void)
{
	struct sigaction sa;
	sigset_t blocked;

	CHECK(31, sigaction(SIGTERM, NULL, &sa) == 0);
	CHECK(32, sa.sa_handler == SIG_DFL);
	CHECK(33, sigaction(SIGCHLD, NULL, &sa) == 0);
	CHECK(34, sa.sa_handler == SIG_DFL);
	CHECK(35, sigaction(SIGPIPE, NULL, &sa) == 0);
	CHECK(36, sa.sa_handler == SIG_IGN);
	CHECK(37, sigprocmask(SIG_SETMASK, NULL, &blocked) == 0);
	for (int sig = 1; sig < 32; sig++)
		CHECK(38, !sigismember(&blocked, sig));
	return 0;
}

static int
limits_are_sane(void)
{
	struct rlimit limit;

	CHECK(41, getrlimit(RLIMIT_CORE, &limit) == 0);
	CHECK(42, limit.rlim_cur == 0 && limit.rlim_max == 0);
	CHECK(43, getrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(44, limit.rlim_cur == RLIM_INFINITY);
	CHECK(45, getrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(46, limit.rlim_cur <= 1024 && limit.rlim_cur > 16);
	return 0;
}

static int
sanitize(void)
{
	struct itimerval timer;
	char cwd[64];
	int failed;

	prepare_hostile();
	CHECK(11, bsock_priv_sanitize() == 0);
	CHECK(12, *environ == NULL && getenv("EVIL") == NULL);
	CHECK(13, umask(0) == 0177);
	CHECK(14, fcntl(0, F_GETFD) != -1 && fcntl(2, F_GETFD) != -1);
	CHECK(15, fcntl(3, F_GETFD) == -1 && fcntl(700, F_GETFD) == -1);
	CHECK(16, getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/") == 0);
	CHECK(17, getitimer(ITIMER_REAL, &timer) == 0);
	CHECK(18, timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0);
	failed = signals_are_default();
	return failed ? failed : limits_are_sane();
}

static int
daemon_limits(void)
{
	struct rlimit limit;

	CHECK(11, bsock_priv_limits() == 0);
	CHECK(12, getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	CHECK(13, getrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(14, limit.rlim_cur == limit.rlim_max && limit.rlim_cur <= 65536);
	return 0;
}

static void
root_only(int (*fn)(void), const char *name)
{
	/* Root without its capabilities (a container) cannot show it. */
	if (geteuid() == 0 && (status_number("CapEff:", 16) & 0x1c1) == 0x1c1)
		is(in_child(fn), 0, name);
	else
		printf("ok %d - %s # SKIP not root\n", ++tap_count, name);
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return caps_are(strcmp(argv[1], "both") == 0
				    ? BIND_BIT | CHOWN_BIT
				    : BIND_BIT) ||
		       bsock_priv_is_setuid();
#ifdef __SANITIZE_THREAD__
	/* It starts a thread before main(); capabilities are a thread's. */
	printf("1..0 # SKIP a sanitizer has a thread of its own\n");
	return 0;
#endif
	is(in_child(sanitize), 0, "a hostile caller's preparations are undone");
	is(in_child(daemon_limits), 0, "the daemon's limits are set");
	ok(!bsock_priv_is_setuid(), "an ordinary start is not setuid");
	ok(bsock_priv_overflow_uid() != 0, "the overflow uid is known");
	is(in_child(keep_nothing), 0, "all capabilities can be given up");
	root_only(keep_bind, "only the wanted capability is kept");
	root_only(keep_cannot_add, "what is gone does not come back");
	root_only(keep_over_exec, "root keeps them over an exec");
	root_only(become_nobody, "another user with one capability");
	root_only(become_over_exec, "which an exec keeps, not AT_SECURE");
	root_only(drop_to_real, "the real uid is dropped to for good");
	return finish();
}
