/*
 * resvport - the functions that bind to a reserved port
 *
 *	resvport FUNCTION
 *
 * calls bindresvport, bindresvport-null, bindresvport6, bindresvport_sa,
 * bindresvport_sa-null, rresvport, rresvport_af-4 or rresvport_af-6, and
 * prints the port that the function told and the one that the socket has, or
 * the name of errno.  Functions that libc has not are looked for at run time.
 */
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int bindresvport(int fd, struct sockaddr_in *in);

static int told = -1;

static int
call(const char *name, int fd, void *sa)
{
	int (*function)(int, void *);
	void *found = dlsym(RTLD_DEFAULT, name);

	if (found == NULL) {
		errno = ENOSYS;
		return -1;
	}
	memcpy(&function, &found, sizeof(found));
	return function(fd, sa);
}

/* Returns the bound socket, or -1. */
static int
run(const char *name)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int six = strchr(name, '6') != NULL;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	int port = IPPORT_RESERVED - 1;
	int r = -1;

	errno = EXDEV;
	if (strcmp(name, "bindresvport") == 0) {
		r = bindresvport(fd, &in);
		told = ntohs(in.sin_port);
	} else if (strcmp(name, "bindresvport-null") == 0) {
		r = bindresvport(fd, NULL);
	} else if (strcmp(name, "bindresvport6") == 0) {
		r = call("bindresvport6", fd, &in6);
		told = ntohs(in6.sin6_port);
	} else if (strcmp(name, "bindresvport_sa") == 0) {
		r = call("bindresvport_sa", fd, &in);
		told = ntohs(in.sin_port);
	} else if (strcmp(name, "bindresvport_sa-null") == 0) {
		r = call("bindresvport_sa", fd, NULL);
	} else {
		(void)close(fd);
		fd = strcmp(name, "rresvport") == 0
			 ? rresvport(&port)
			 : rresvport_af(&port, six ? AF_INET6 : AF_INET);
		told = port;
		r = fd >= 0 ? 0 : -1;
	}
	return r == 0 ? fd : -1;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in6 in6;
	socklen_t len = sizeof(in6);
	int fd = argc == 2 ? run(argv[1]) : -1;

	if (fd < 0) {
		(void)printf("%s\n", strerrorname_np(errno));
		return 1;
	}
	if (errno != EXDEV)
		(void)printf("errno was touched: %s\n", strerrorname_np(errno));
	if (getsockname(fd, (struct sockaddr *)&in6, &len) != 0)
		return 2;
	(void)printf("%d %d\n", told, ntohs(in6.sin6_port));
	return 0;
}
