/*
 * options - what a socket looks like after bind(2)
 *
 *	options set|none ADDRESS
 *
 * makes a socket, sets what servers set before they bind (or nothing), binds
 * it with bind(2), listens if it can, and prints its options and flags, one
 * line each; then "ready", and stays until SIGTERM.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bsock.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static const struct {
	const char *name;
	int level, option, value;
} options[] = {
#define OPTION(level, option, value)                                           \
	{                                                                      \
#option, level, option, value                                  \
	}
    OPTION(SOL_SOCKET, SO_REUSEADDR, 1),
    OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
    OPTION(SOL_SOCKET, SO_BROADCAST, 1),
    OPTION(SOL_SOCKET, SO_OOBINLINE, 1),
    OPTION(SOL_SOCKET, SO_RCVLOWAT, 3),
    OPTION(SOL_SOCKET, SO_RCVBUF, 70000),
    OPTION(SOL_SOCKET, SO_SNDBUF, 80000),
    OPTION(IPPROTO_IP, IP_TOS, 0x10),
    OPTION(SOL_SOCKET, SO_PRIORITY, 3),
    OPTION(IPPROTO_IP, IP_TTL, 33),
    OPTION(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO),
    OPTION(IPPROTO_IP, IP_PKTINFO, 1),
    OPTION(IPPROTO_IP, IP_FREEBIND, 1),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 34),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS, 0x20),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY, 1),
    OPTION(IPPROTO_TCP, TCP_NODELAY, 1),
    OPTION(IPPROTO_TCP, TCP_MAXSEG, 1000),
    OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 77),
    OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT, 5),
    OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, 9000),
    OPTION(IPPROTO_TCP, TCP_FASTOPEN, 7),
};

#define N_OPTIONS (sizeof(options) / sizeof(*options))

static void
set_all(int fd)
{
	struct linger linger = {1, 3};
	struct timeval timeout = {2, 0};

	for (size_t i = 0; i < N_OPTIONS; i++)
		(void)setsockopt(fd, options[i].level, options[i].option,
		    &options[i].value, sizeof(options[i].value));
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void
print_all(int fd)
{
	struct linger linger = {0, 0};
	struct timeval timeout = {0, 0};
	socklen_t len;

	for (size_t i = 0; i < N_OPTIONS; i++) {
		int value = -1;

		len = sizeof(value);
		if (getsockopt(fd, options[i].level, options[i].option, &value,
			&len) == 0)
			(void)printf("%s=%d\n", options[i].name, value);
	}
	len = sizeof(linger);
	(void)getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
	len = sizeof(timeout);
	(void)getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &len);
	(void)printf("SO_LINGER=%d,%d\nSO_RCVTIMEO=%ld\nfd=%d\nF_GETFD=%d\n"
		     "F_GETFL=%d\n",
	    linger.l_onoff, linger.l_linger, (long)timeout.tv_sec, fd,
	    fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
}

int
main(int argc, char **argv)
{
	struct sockaddr_storage ss;
	struct addrinfo ai;
	sigset_t term;
	int fd, signo;

	if (argc != 3 || bsock_addrinfo_parse(&ai, &ss, argv[2]) != 0)
		return 2;
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	fd = socket(ai.ai_family, ai.ai_socktype, ai.ai_protocol);
	if (strcmp(argv[1], "set") == 0)
		set_all(fd);
	if (bind(fd, ai.ai_addr, ai.ai_addrlen) != 0 ||
	    (ai.ai_socktype == SOCK_STREAM && listen(fd, 5) != 0)) {
		(void)printf("%s\n", strerrorname_np(errno));
		return 1;
	}
	print_all(fd);
	(void)printf("ready\n");
	(void)fflush(stdout);
	(void)sigwait(&term, &signo);
	return 0;
}
