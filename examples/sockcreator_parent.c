/*
 * sockcreator_parent PROGRAM [T|U 4|6 PORT ADDRESS]... - starts
 * bsock-sockcreator and has it make sockets
 *
 * Prints for each request the address that the socket has, or what failed.
 * Exits with the status of the creator.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pid_t
start_creator(const char *program, int *sock)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)dup2(pair[1], STDIN_FILENO);
		(void)dup2(pair[1], STDOUT_FILENO);
		(void)close(pair[0]);
		(void)close(pair[1]);
		(void)execl(program, program, (char *)NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	*sock = pair[0];
	return pid;
}

/* argv: type, family, port, address */
static int
send_request(int sock, char **argv)
{
	unsigned char request[21] = {
	    'S', (unsigned char)*argv[0], (unsigned char)*argv[1]};
	unsigned port = (unsigned)strtoul(argv[2], NULL, 10);
	size_t len = *argv[1] == '6' ? 21 : 9;

	request[3] = (unsigned char)(port >> 8);
	request[4] = (unsigned char)port;
	if (inet_pton(*argv[1] == '6' ? AF_INET6 : AF_INET, argv[3],
		request + 5) != 1)
		return -1;
	return send(sock, request, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* One byte, and a socket with it; -1 when none came. */
static int
receive_socket(int sock)
{
	char byte;
	int fd = -1;
	union {
		struct cmsghdr header;
		char buf[CMSG_SPACE(sizeof(fd))];
	} control;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = CMSG_LEN(sizeof(fd)),
	};
	struct cmsghdr *c;

	if (recvmsg(sock, &msg, 0) != 1)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void
print_address(int fd)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_UNSPEC};
	struct sockaddr_in *in = (struct sockaddr_in *)&in6;
	socklen_t len = sizeof(in6);
	char text[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, (struct sockaddr *)&in6, &len) != 0)
		return;
	if (in6.sin6_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
	else
		(void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	(void)printf("%s %u\n", text, ntohs(in->sin_port));
}

/* S and a socket, or E, what failed and an errno value. */
static int
receive_reply(int sock)
{
	char status, what;
	int32_t error;
	int fd;

	if (recv(sock, &status, 1, 0) != 1)
		return -1;
	if (status == 'S') {
		fd = receive_socket(sock);
		if (fd < 0)
			return -1;
		print_address(fd);
		(void)close(fd);
		return 0;
	}
	if (status != 'E' || recv(sock, &what, 1, 0) != 1 ||
	    recv(sock, &error, sizeof(error), MSG_WAITALL) !=
		(ssize_t)sizeof(error))
		return -1;
	(void)printf(
	    "%s: %s\n", what == 'S' ? "socket" : "bind", strerror(error));
	return 0;
}

int
main(int argc, char **argv)
{
	int sock = -1, status = 0;
	pid_t pid;

	if (argc < 2 || (argc - 2) % 4 != 0) {
		(void)fprintf(stderr, "usage: sockcreator_parent program "
				      "[T|U 4|6 port address]...\n");
		return 2;
	}
	pid = start_creator(argv[1], &sock);
	if (pid < 0) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 2; i < argc; i += 4)
		if (send_request(sock, argv + i) != 0 ||
		    receive_reply(sock) != 0) {
			(void)fprintf(stderr, "no answer\n");
			break;
		}
	(void)send(sock, "T", 1, MSG_NOSIGNAL);
	(void)close(sock);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}
