/*
 * launch - a place in which port 80 is free and nobody is disturbed
 *
 *	launch PROGRAM [ARGUMENT...]
 *
 * runs PROGRAM in a network namespace of its own: as root as it is, for an
 * ordinary user in a user namespace too, with the privileges that the daemon
 * needs.  Where both are forbidden it runs PROGRAM where it stands.
 * DEMO_WORLD is root, user or here, DEMO_PORT and DEMO_OTHER_PORT are two
 * free ports.
 *
 *	launch -s PROGRAM [ARGUMENT...]
 *
 * runs PROGRAM as a service: without any privilege, for root as uid 1.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not nobody: in a container that may be who the kernel has no name for. */
#define SERVICE_UID 1

static void
die(const char *what)
{
	(void)fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- namespaces -------------------------------------------------------- */

static int
loopback_up(void)
{
	struct ifreq ifr = {.ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	memcpy(ifr.ifr_name, "lo", 3);
	r = ioctl(fd, SIOCSIFFLAGS, &ifr);
	(void)close(fd);
	return r;
}

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = write(fd, text, strlen(text));

	(void)close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* The user keeps the same number in there. */
static int
map_ids(unsigned long uid, unsigned long gid)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%lu %lu 1", uid, uid);
	if (write_file("/proc/self/uid_map", text) != 0 ||
	    write_file("/proc/self/setgroups", "deny") != 0)
		return -1;
	(void)snprintf(text, sizeof(text), "%lu %lu 1", gid, gid);
	return write_file("/proc/self/gid_map", text);
}

static int
set_capabilities(uint64_t inheritable)
{
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	data[0].inheritable = data[0].permitted & (uint32_t)inheritable;
	data[1].inheritable = data[1].permitted & (uint32_t)(inheritable >> 32);
	return (int)syscall(SYS_capset, &header, data);
}

/* What the namespace gives us is kept over execve(2), as root keeps it. */
static int
keep_capabilities(void)
{
	if (set_capabilities(UINT64_MAX) != 0)
		return -1;
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0);
	return 0;
}

static int
enter_user(void)
{
	unsigned long uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 ||
	    map_ids(uid, gid) != 0 || keep_capabilities() != 0)
		return -1;
	return loopback_up();
}

static int
enter_root(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		return -1;
	return loopback_up();
}

/* In a child: from half the way there is no way back. */
static int
can(int (*enter)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(enter() != 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* --- ports ------------------------------------------------------------- */

static void
set_port(const char *name, unsigned port)
{
	char text[8];

	(void)snprintf(text, sizeof(text), "%u", port);
	(void)setenv(name, text, 1);
}

static unsigned
free_port(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) != 0)
		die("no free port");
	/* Held until execve(2), so that the next one is another. */
	return ntohs(in.sin_port);
}

/* --- the two ways to run it -------------------------------------------- */

static void
enter_world(void)
{
	int (*enter)(void) = geteuid() == 0 ? enter_root : enter_user;
	const char *world = geteuid() == 0 ? "root" : "user";

	if (can(enter) && enter() == 0) {
		set_port("DEMO_PORT", 80);
		set_port("DEMO_OTHER_PORT", 443);
	} else {
		world = "here";
		set_port("DEMO_PORT", free_port());
		set_port("DEMO_OTHER_PORT", free_port());
	}
	(void)setenv("DEMO_WORLD", world, 1);
}

static void
become_service(void)
{
	if (geteuid() == 0) {
		if (setgroups(0, NULL) != 0 || setgid(SERVICE_UID) != 0 ||
		    setuid(SERVICE_UID) != 0)
			die("uid 1");
		return;
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)set_capabilities(0);
}

int
main(int argc, char **argv)
{
	int service = argc > 2 && strcmp(argv[1], "-s") == 0;

	if (argc < 2) {
		(void)fprintf(
		    stderr, "usage: launch [-s] program [argument ...]\n");
		return 2;
	}
	if (service)
		become_service();
	else
		enter_world();
	argv += 1 + service;
	(void)execvp(argv[0], argv);
	die(argv[0]);
}
