/* A process that has no number left for a descriptor hears of it. */
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bsock_fdpass.h"
#include "tap.h"

int
main(void)
{
	struct rlimit limit;
	rlim_t before;
	int pair[2], fd = 0;
	char byte = 0;

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "a socket pair");
	ok(bsock_fdpass_send(pair[0], &byte, 1, pair[0], 0) == 1 &&
		bsock_fdpass_send(pair[0], &byte, 1, -1, 0) == 1,
	    "a byte with a descriptor and one without");
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)pair[1] + 1;
	ok(setrlimit(RLIMIT_NOFILE, &limit) == 0, "a limit that is reached");
	errno = 0;
	ok(bsock_fdpass_recv(pair[1], &byte, 1, &fd, MSG_DONTWAIT) == -1 &&
		errno == EMFILE && fd == -1,
	    "the first byte is EMFILE");
	ok(bsock_fdpass_recv(pair[1], &byte, 1, &fd, MSG_DONTWAIT) == 1 &&
		fd == -1,
	    "the second one is received");
	/* A sanitizer opens files at the end. */
	limit.rlim_cur = before;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return finish();
}
