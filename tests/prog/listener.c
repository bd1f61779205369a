/*
 * listener - a server that shuts its listening socket down
 *
 *	listener HOW PORT
 *
 * binds PORT of 127.0.0.1 with bind(2), listens, does HOW and prints what the
 * call returned (0 or the name of errno) and whether it still listens:
 *	0 listening
 * HOW is
 *	rd, wr, rdwr	shutdown(2) of the listener
 *	dup		the same of a duplicate, for reading and writing
 *	child		the same in a child process
 *	unspec		connect(2) to AF_UNSPEC
 *	accepted	shutdown(2) of an accepted connection, whose peer must
 *			see its end
 *	bound		shutdown(2) before listen(2), which comes after
 *	out		shutdown(2) of a socket that was bound and connected out
 *	udp		shutdown(2) of a datagram socket
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

static struct sockaddr_in in = {.sin_family = AF_INET};

static int
result(int r)
{
	return r == 0 ? 0 : errno;
}

static int
listens(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	(void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len);
	return on;
}

static int
bound_socket(int type)
{
	int fd = socket(AF_INET, type, 0);
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static int
in_a_child(int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(result(shutdown(fd, SHUT_RDWR)));
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* The end of an accepted connection is for the program to say. */
static int
of_a_connection(int fd)
{
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int peer, error;
	char byte;

	(void)connect(client, (struct sockaddr *)&in, sizeof(in));
	peer = accept(fd, NULL, NULL);
	error = result(shutdown(peer, SHUT_RDWR));
	if (recv(client, &byte, 1, MSG_DONTWAIT) != 0)
		error = EIO;
	return error;
}

static int
to_nowhere(int fd)
{
	struct sockaddr sa = {.sa_family = AF_UNSPEC};

	return result(connect(fd, &sa, sizeof(sa)));
}

/* Connected to a listener elsewhere: a conversation, not a service. */
static int
of_one_that_called(int fd)
{
	struct sockaddr_in there = {.sin_family = AF_INET};
	socklen_t len = sizeof(there);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	char byte;
	int peer, error;

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)bind(listener, (struct sockaddr *)&there, len);
	(void)listen(listener, 1);
	(void)getsockname(listener, (struct sockaddr *)&there, &len);
	if (connect(fd, (struct sockaddr *)&there, len) != 0)
		return errno;
	peer = accept(listener, NULL, NULL);
	error = result(shutdown(fd, SHUT_RDWR));
	if (recv(peer, &byte, 1, MSG_DONTWAIT) != 0)
		error = EIO;
	return error;
}

static int
run(const char *how, int fd)
{
	if (strcmp(how, "rd") == 0)
		return result(shutdown(fd, SHUT_RD));
	if (strcmp(how, "wr") == 0)
		return result(shutdown(fd, SHUT_WR));
	if (strcmp(how, "rdwr") == 0)
		return result(shutdown(fd, SHUT_RDWR));
	if (strcmp(how, "dup") == 0)
		return result(shutdown(dup(fd), SHUT_RDWR));
	if (strcmp(how, "child") == 0)
		return in_a_child(fd);
	if (strcmp(how, "unspec") == 0)
		return to_nowhere(fd);
	if (strcmp(how, "accepted") == 0)
		return of_a_connection(fd);
	return EINVAL;
}

static int
run_unlistening(const char *how, int *fd)
{
	int error;

	*fd = bound_socket(strcmp(how, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM);
	if (strcmp(how, "out") == 0)
		return of_one_that_called(*fd);
	error = result(shutdown(*fd, SHUT_RDWR));
	if (strcmp(how, "bound") == 0)
		(void)listen(*fd, 5);
	return error;
}

int
main(int argc, char **argv)
{
	const char *how = argv[1];
	int fd = -1, error;

	if (argc != 3)
		return 2;
	in.sin_port = htons((in_port_t)number(argv[2], UINT16_MAX));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (strcmp(how, "bound") == 0 || strcmp(how, "out") == 0 ||
	    strcmp(how, "udp") == 0) {
		error = run_unlistening(how, &fd);
	} else {
		fd = bound_socket(SOCK_STREAM);
		(void)listen(fd, 5);
		error = run(how, fd);
	}
	(void)printf("%s%s\n", error == 0 ? "0" : strerrorname_np(error),
	    listens(fd) ? " listening" : "");
	return 0;
}
