/*
 * binds - what bind(2) and its neighbours answer, one line each
 *
 *	binds DIRECTORY
 *
 * The lines must be the same with and without the shim, as long as bsock has
 * nothing to grant.  DIRECTORY is one in which unix sockets can be made.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
say(const char *what, int r)
{
	(void)printf("%s: %s\n", what, r == 0 ? "0" : strerrorname_np(errno));
}

static int
bind_in(
    int fd, sa_family_t family, in_port_t port, in_addr_t host, socklen_t len)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;

	memset(&ss, 0, sizeof(ss));
	in->sin_family = family;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(host);
	return bind(fd, (struct sockaddr *)&ss, len);
}

static void
inet(const char *what, int type, in_port_t port, in_addr_t host, socklen_t len)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	errno = 0;
	say(what, bind_in(fd, AF_INET, port, host, len));
	(void)close(fd);
}

static void
inet6(const char *what, in_port_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in6.sin6_port = htons(port);
	say(what, bind(fd, (struct sockaddr *)&in6, sizeof(in6)));
	(void)close(fd);
}

static void
local(const char *what, const char *path, size_t len)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, path, len);
	say(what,
	    bind(fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)));
	(void)close(fd);
}

static void
others(void)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	say("netlink", bind(fd, (struct sockaddr *)&nl, sizeof(nl)));
	(void)close(fd);
	say("not a socket", bind_in(null, AF_INET, 80, INADDR_ANY, 16));
	(void)close(null);
	say("no descriptor", bind_in(-1, AF_INET, 80, INADDR_ANY, 16));
	say("shutdown nothing", shutdown(-1, SHUT_RDWR));
	say("connect nothing", connect(-1, NULL, 0));
}

static void
bad_pointers(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr *bad = (const struct sockaddr *)8;

	say("bad pointer", bind(fd, bad, sizeof(struct sockaddr_in)));
	say("no pointer", bind(fd, NULL, sizeof(struct sockaddr_in)));
	say("connect to a bad pointer",
	    connect(fd, bad, sizeof(struct sockaddr_in)));
	(void)close(fd);
}

static void
twice(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	say("once", bind_in(fd, AF_INET, 0, INADDR_LOOPBACK, 16));
	say("twice", bind_in(fd, AF_INET, 80, INADDR_LOOPBACK, 16));
	say("listen", listen(fd, 1));
	say("shutdown a listener", shutdown(fd, SHUT_RDWR));
	say("and again", shutdown(fd, SHUT_RDWR));
	(void)close(fd);
}

static void
untouched_errno(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	errno = EXDEV;
	(void)bind_in(fd, AF_INET, 0, INADDR_LOOPBACK, 16);
	say("errno after a bind that works", -1);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	char path[100];

	if (argc != 2)
		return 2;
	(void)printf("dlerror: %s\n", dlerror() == NULL ? "none" : "some");
	inet("port 0", SOCK_STREAM, 0, INADDR_ANY, 16);
	inet("a high port", SOCK_STREAM, 8080, INADDR_ANY, 16);
	inet("a high port, UDP", SOCK_DGRAM, 8080, INADDR_ANY, 16);
	inet("a low port", SOCK_STREAM, 81, INADDR_ANY, 16);
	inet("a low port, UDP", SOCK_DGRAM, 81, INADDR_ANY, 16);
	inet("an address elsewhere", SOCK_STREAM, 8080, 0xc0000201, 16);
	inet("a short address", SOCK_STREAM, 80, INADDR_ANY, 15);
	inet("no address", SOCK_STREAM, 80, INADDR_ANY, 0);
	inet6("IPv6, port 0", 0);
	inet6("IPv6, a high port", 8080);
	inet6("IPv6, a low port", 81);
	(void)snprintf(path, sizeof(path), "%s/sock", argv[1]);
	local("unix", path, strlen(path) + 1);
	local("unix, again", path, strlen(path) + 1);
	(void)unlink(path);
	local("unix, where one may not", "/proc/sock", 11);
	local("unix, in no directory", "/nowhere/sock", 14);
	local("unix, relative, where one may not", "../../../../proc/x", 19);
	local("unix, abstract", "\0bsock-test-binds", 17);
	local("unix, unnamed", "", 0);
	others();
	bad_pointers();
	twice();
	untouched_errno();
	return 0;
}
