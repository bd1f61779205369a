/*
 * A server that binds by itself, and asks bsock only when that is refused and
 * bsock is there.  It needs nothing of bsock to be built or to run:
 *
 *	cc -o fallback fallback.c
 *	./fallback 127.0.0.1 80
 *
 * bind_or_ask() is what a server of yours would take over: it stands where
 * bind() stood.  This file is in the public domain.
 */
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
bind_or_ask(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*ask)(int, const struct sockaddr *, socklen_t);
	int error;
	void *lib;

	if (bind(fd, addr, len) == 0)
		return 0;
	if (errno != EACCES && errno != EADDRINUSE)
		return -1;
	error = errno;
	lib = dlopen("libbsock.so.0", RTLD_NOW | RTLD_LOCAL);
	if (lib != NULL) {
		*(void **)&ask = dlsym(lib, "bsock_bind");
		if (ask != NULL && ask(fd, addr, len) == 0)
			return 0; /* the library stays loaded */
	}
	errno = error; /* what the kernel said, as without bsock */
	return -1;
}

int
main(int argc, char **argv)
{
	struct addrinfo hints, *ai;
	int s, one = 1;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	if (argc != 3 || getaddrinfo(argv[1], argv[2], &hints, &ai) != 0) {
		(void)fprintf(stderr, "usage: fallback ADDRESS PORT\n");
		return 2;
	}
	s = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind_or_ask(s, ai->ai_addr, ai->ai_addrlen) != 0 ||
	    listen(s, SOMAXCONN) != 0) {
		perror("bind");
		return 1;
	}
	freeaddrinfo(ai);
	for (;;) {
		int c = accept(s, NULL, NULL);

		if (c < 0)
			continue;
		(void)!write(c, "hello\n", 6);
		(void)close(c);
	}
}
