/*
 * socket_binder_client PATH tcp|udp 4|6 PORT ADDRESS - has a socket bound by
 * bsock-socket-binder
 *
 * Prints the address that the socket then has.  The exit status is the errno
 * value of the answer, 255 when there was none.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NO_ANSWER = 255 };

static int
make_socket(const char *kind, const char *family)
{
	int on = 1;
	int fd = socket(*family == '6' ? AF_INET6 : AF_INET,
	    strcmp(kind, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -1;
	if (*family == '6' &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return -1;
	return fd;
}

static int
dial(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	if (sock < 0 || strlen(path) >= sizeof(sun.sun_path))
		return -1;
	memcpy(sun.sun_path, path, strlen(path));
	if (connect(sock, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		return -1;
	return sock;
}

/* command, family, port, length of the address, address; and the socket */
static int
send_request(
    int sock, int fd, const char *family, unsigned port, const char *address)
{
	unsigned char request[5 + 127] = {1, *family == '6' ? 6 : 4};
	size_t len = strlen(address);
	union {
		struct cmsghdr header;
		char buf[CMSG_SPACE(sizeof(fd))];
	} control = {.buf = {0}};
	struct iovec iov = {.iov_base = request, .iov_len = 5 + len};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = sizeof(control.buf),
	};

	if (len == 0 || len > 127)
		return -1;
	request[2] = (unsigned char)(port >> 8);
	request[3] = (unsigned char)port;
	request[4] = (unsigned char)len;
	memcpy(request + 5, address, len);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)iov.iov_len ? 0
									 : -1;
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

int
main(int argc, char **argv)
{
	int32_t answer = NO_ANSWER;
	int fd, sock;

	if (argc != 6) {
		(void)fprintf(stderr,
		    "usage: socket_binder_client path tcp|udp 4|6 port "
		    "address\n");
		return NO_ANSWER;
	}
	fd = make_socket(argv[2], argv[3]);
	sock = dial(argv[1]);
	if (fd < 0 || sock < 0 ||
	    send_request(sock, fd, argv[3],
		(unsigned)strtoul(argv[4], NULL, 10), argv[5]) != 0) {
		perror(argv[1]);
		return NO_ANSWER;
	}
	if (recv(sock, &answer, sizeof(answer), MSG_WAITALL) !=
	    (ssize_t)sizeof(answer))
		(void)fprintf(stderr, "no answer\n");
	else if (answer != 0)
		(void)fprintf(stderr, "%s\n", strerror(answer));
	else
		print_address(fd);
	return answer;
}
