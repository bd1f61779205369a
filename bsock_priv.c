/*
 * bsock_priv - what this process may do, and giving it up
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_priv.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_compat.h"

#if HAVE_CAPABILITIES
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#endif
#if HAVE_GETAUXVAL
#include <sys/auxv.h>
#endif

#define DAEMON_NOFILE 65536
#define SINGLE_NOFILE 1024
#define SINGLE_STACK  ((rlim_t)8 << 20)
#define ALL_FDS       65536 /* where no system call closes all of them */

extern char **environ;

bool
bsock_priv_is_setuid(void)
{
#if HAVE_GETAUXVAL
	if (getauxval(AT_SECURE) != 0)
		return true;
#endif
	return getuid() != geteuid() || getgid() != getegid();
}

/* --- what a hostile caller can prepare --------------------------------- */

int
bsock_priv_open_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		if (open("/dev/null", O_RDWR) != fd)
			return -1;
	}
	return 0;
}

static void
close_other_fds(void)
{
#if HAVE_CLOSE_RANGE
	if (close_range(3, ~0U, 0) == 0)
		return;
#endif
	for (int fd = 3; fd < ALL_FDS; fd++)
		(void)close(fd);
}

int
bsock_priv_only_standard_fds(void)
{
	if (bsock_priv_open_standard_fds() != 0)
		return -1;
	close_other_fds();
	return 0;
}

static void
set_all_signals(void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	(void)sigemptyset(&sa.sa_mask);
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL); /* EINVAL: SIGKILL, ... */
}

/*
 * Ignored first, so that what is pending is forgotten.  Two stay so: a
 * message for a stderr that nobody reads, or that may not grow, must not end
 * the program before its answer.
 */
static int
reset_signals(void)
{
	sigset_t none;

	set_all_signals(SIG_IGN);
	set_all_signals(SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigemptyset(&none);
	errno = pthread_sigmask(SIG_SETMASK, &none, NULL);
	return errno == 0 ? 0 : -1;
}

/* setitimer(2) timers survive an exec. */
static int
stop_timers(void)
{
	static const struct itimerval off;

	if (setitimer(ITIMER_REAL, &off, NULL) != 0 ||
	    setitimer(ITIMER_VIRTUAL, &off, NULL) != 0)
		return -1;
	return setitimer(ITIMER_PROF, &off, NULL);
}

/* Exactly value; where that takes a privilege that is not there, as near to
 * it as the hard limit allows. */
static int
set_limit(int resource, rlim_t value)
{
	struct rlimit limit = {value, value};

	if (setrlimit(resource, &limit) == 0)
		return 0;
	if (errno != EPERM || getrlimit(resource, &limit) != 0)
		return -1;
	limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
	return setrlimit(resource, &limit);
}

static int
single_limits(void)
{
	static const struct {
		int resource;
		rlim_t value;
	} limits[] = {
	    {RLIMIT_CORE, 0},
	    {RLIMIT_CPU, RLIM_INFINITY},
	    {RLIMIT_FSIZE, RLIM_INFINITY},
	    {RLIMIT_DATA, RLIM_INFINITY},
	    {RLIMIT_AS, RLIM_INFINITY},
	    {RLIMIT_STACK, SINGLE_STACK},
	    {RLIMIT_NOFILE, SINGLE_NOFILE},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (set_limit(limits[i].resource, limits[i].value) != 0)
			return -1;
	return 0;
}

int
bsock_priv_sanitize(void)
{
	static char *no_environment[] = {NULL};

	environ = no_environment;
	(void)umask(0177);
	if (single_limits() != 0 || bsock_priv_only_standard_fds() != 0)
		return -1;
	if (stop_timers() != 0 || reset_signals() != 0)
		return -1;
	return chdir("/");
}

/*
 * PR_SET_DUMPABLE is not touched: the daemon's memory holds no secret, the
 * kernel lets nobody trace a process that has capabilities which the tracer
 * lacks, and its files in /proc stay readable for its owner.
 */
int
bsock_priv_limits(void)
{
	if (set_limit(RLIMIT_CORE, 0) != 0)
		return -1;
	return set_limit(RLIMIT_NOFILE, DAEMON_NOFILE);
}

/* --- capabilities ------------------------------------------------------ */

#if HAVE_CAPABILITIES

struct caps {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static const struct {
	unsigned flag;
	unsigned cap;
} known[] = {
    {BSOCK_PRIV_NET_BIND, CAP_NET_BIND_SERVICE},
    {BSOCK_PRIV_CHOWN, CAP_CHOWN},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static int
get_caps(struct caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	caps->header.version = _LINUX_CAPABILITY_VERSION_3;
	return (int)syscall(SYS_capget, &caps->header, caps->data);
}

/* Both are below 32: the first word of each set. */
static unsigned
to_caps(unsigned mask)
{
	unsigned bits = 0;

	for (size_t i = 0; i < KNOWN; i++)
		if (mask & known[i].flag)
			bits |= 1u << known[i].cap;
	return bits;
}

/* What is not in the bounding set no exec can bring back. */
static int
limit_bounding_set(unsigned bits)
{
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
	     cap++) {
		if (cap < 32 && (bits & (1u << cap)))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return errno == EPERM ? 0 : -1; /* never had them */
	}
	return 0;
}

/* In the ambient set they survive an exec of a user other than root. */
static int
set_ambient(unsigned bits)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return -1;
	for (unsigned cap = 0; cap < 32; cap++)
		if ((bits & (1u << cap)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0)
			return -1;
	return 0;
}

int
bsock_priv_keep(unsigned mask)
{
	struct caps caps;
	unsigned bits;

	if (get_caps(&caps) != 0)
		return -1;
	bits = to_caps(mask) & caps.data[0].permitted;
	if (limit_bounding_set(bits) != 0)
		return -1;
	memset(caps.data, 0, sizeof(caps.data));
	caps.data[0].effective = bits;
	caps.data[0].permitted = bits;
	caps.data[0].inheritable = bits;
	if (syscall(SYS_capset, &caps.header, caps.data) != 0 ||
	    set_ambient(bits) != 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

unsigned
bsock_priv_held(void)
{
	struct caps caps;
	unsigned mask = 0;

	if (get_caps(&caps) != 0)
		return 0;
	for (size_t i = 0; i < KNOWN; i++)
		if (caps.data[0].effective & (1u << known[i].cap))
			mask |= known[i].flag;
	return mask;
}

bool
bsock_priv_any(void)
{
	struct caps caps;

	if (geteuid() == 0 || get_caps(&caps) != 0)
		return true;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (caps.data[i].permitted != 0 ||
		    caps.data[i].inheritable != 0)
			return true;
	return false;
}

/* The bounding set now, while CAP_SETPCAP is in effect.  The flag ends with
 * the next exec. */
static int
keep_over_setuid(unsigned mask)
{
	if (limit_bounding_set(to_caps(mask)) != 0)
		return -1;
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

#else

/* Without capabilities root is all or nothing: root keeps all. */
int
bsock_priv_keep(unsigned mask)
{
	(void)mask;
	return 0;
}

unsigned
bsock_priv_held(void)
{
	return geteuid() == 0 ? BSOCK_PRIV_NET_BIND | BSOCK_PRIV_CHOWN : 0;
}

bool
bsock_priv_any(void)
{
	return geteuid() == 0;
}

static int
keep_over_setuid(unsigned mask)
{
	(void)mask;
	return 0;
}

#endif

/* --- becoming somebody else -------------------------------------------- */

/* For good: the saved ids too, and it is tried whether there is a way back. */
static int
set_ids(uid_t uid, gid_t gid)
{
	if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return -1;
	if (getuid() != uid || geteuid() != uid || getgid() != gid ||
	    getegid() != gid) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

static int
no_way_back(uid_t uid)
{
	if (uid == 0 || setuid(0) != 0)
		return 0;
	errno = EPERM;
	return -1;
}

int
bsock_priv_become(uid_t uid, gid_t gid, unsigned mask)
{
	if (setgroups(0, NULL) != 0 || keep_over_setuid(mask) != 0 ||
	    set_ids(uid, gid) != 0 || bsock_priv_keep(mask) != 0)
		return -1;
	return no_way_back(uid);
}

int
bsock_priv_drop_to_real(void)
{
	uid_t uid = getuid();

	if (set_ids(uid, getgid()) != 0)
		return -1;
	return no_way_back(uid);
}

/* --- user namespaces --------------------------------------------------- */

/* The text of a small file in /proc; -1 and errno. */
static int
read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	(void)close(fd);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	return 0;
}

/* The one line of the initial namespace, user_namespaces(7): every uid is
 * itself. */
bool
bsock_priv_in_userns(void)
{
	char buf[256], *p;

	if (read_small("/proc/self/uid_map", buf, sizeof(buf)) != 0)
		/* A kernel without user namespaces, or no /proc? */
		return errno != ENOENT || access("/proc/self/stat", F_OK) != 0;
	if (strtoul(buf, &p, 10) != 0 || strtoul(p, &p, 10) != 0)
		return true;
	return strtoul(p, NULL, 10) != 4294967295UL;
}

unsigned
bsock_priv_unprivileged_port(void)
{
	char buf[32];

	if (read_small("/proc/sys/net/ipv4/ip_unprivileged_port_start", buf,
		sizeof(buf)) != 0)
		return 1024;
	return (unsigned)strtoul(buf, NULL, 10);
}

uid_t
bsock_priv_overflow_uid(void)
{
	char buf[32];

	if (read_small("/proc/sys/kernel/overflowuid", buf, sizeof(buf)) != 0)
		return 65534;
	return (uid_t)strtoul(buf, NULL, 10);
}
