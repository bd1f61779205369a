/*
 * ask - one bind, as a line of shell
 *
 *	ask [OPTION...] ADDRESS		("AF_INET SOCK_STREAM tcp 80 0.0.0.0")
 *
 * makes a socket, binds it and prints "0" or the name of errno ("EACCES").
 * Exit 0 when it was bound, 1 when not, 2 for wrong use.  It binds with
 *	(nothing)	bsock_bind_addrinfo()
 *	-b		bsock_bind()
 *	-s		bsock_socket_addrinfo(): bsock makes the socket
 *	-k		bind(2), for use under the shim or without any help
 * Before it:
 *	-R		SO_REUSEADDR	-P	SO_REUSEPORT
 *	-6 0|1		IPV6_V6ONLY
 *	-n N		the socket gets the descriptor number N
 *	-r		BSOCK_FLAGS_REBIND
 * After it:
 *	-l N		listen(2) with backlog N
 *	-a		print the address it is bound to, on the same line
 *	-e TEXT		serve: write TEXT to each connection (or datagram's
 *			sender) and close it, until killed
 *	-w		stay until SIGTERM
 *	-f		stay until standard input ends, although the bind
 *failed, and then print "bound" or "unbound" What is printed is flushed at
 *once: wait for it, then go on.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock.h"
#include "number.h"

enum how { ADDRINFO, FD, MADE, KERNEL };

struct job {
	enum how how;
	int reuseaddr, reuseport, v6only, number, backlog;
	int rebind, show, wait, look;
	const char *text;
};

static void
usage(void)
{
	(void)fprintf(stderr, "usage: ask [-bskRPrawf] [-6 0|1] [-n fd] "
			      "[-l backlog] [-e text] address\n");
	exit(2);
}

static void
set(int fd, int level, int name, int value)
{
	if (value >= 0 &&
	    setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		perror("ask: setsockopt");
}

static int
open_socket(const struct job *job, const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, job->reuseaddr);
	set(fd, SOL_SOCKET, SO_REUSEPORT, job->reuseport);
	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, job->v6only);
	if (job->number >= 0 && job->number != fd) {
		int moved = dup2(fd, job->number);

		(void)close(fd);
		fd = moved;
	}
	return fd;
}

static void
say(const char *text)
{
	(void)printf("%s\n", text);
	(void)fflush(stdout);
}

static void
until_sigterm(void)
{
	sigset_t set;
	int signo;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigwait(&set, &signo);
}

static void
block_sigterm(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Was it bound after all, once the call had failed? */
static void
look_later(int fd)
{
	struct sockaddr_in in = {0};
	socklen_t len = sizeof(in);
	int error = errno;

	say(strerrorname_np(error));
	until_sigterm();
	(void)getsockname(fd, (struct sockaddr *)&in, &len);
	say(in.sin_port != 0 ? "bound" : "unbound");
	exit(1);
}

/* Returns the bound socket, or -1 and errno. */
static int
bind_it(const struct job *job, struct addrinfo *ai)
{
	int fd, r = -1;

	if (job->rebind)
		ai->ai_flags |= BSOCK_FLAGS_REBIND;
	if (job->how == MADE)
		return bsock_socket_addrinfo(ai);
	fd = open_socket(job, ai);
	if (fd < 0)
		return -1;
	if (job->how == ADDRINFO)
		r = bsock_bind_addrinfo(fd, ai);
	else if (job->how == FD)
		r = bsock_bind(fd, ai->ai_addr, ai->ai_addrlen);
	else
		r = bind(fd, ai->ai_addr, ai->ai_addrlen);
	if (r != 0 && job->look)
		look_later(fd);
	return r == 0 ? fd : -1;
}

static void
show(int fd, struct addrinfo ai)
{
	struct sockaddr_storage ss;
	char line[BSOCK_ADDRINFO_STRLEN];
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return;
	ai.ai_addr = (struct sockaddr *)&ss;
	ai.ai_addrlen = len;
	if (bsock_addrinfo_format(&ai, line, sizeof(line)) >= 0)
		(void)printf(" %s", line);
}

static void
serve(int fd, int socktype, const char *text)
{
	for (;;) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		char byte;
		int peer;

		if (socktype == SOCK_DGRAM) {
			if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&ss,
				&len) >= 0)
				(void)sendto(fd, text, strlen(text), 0,
				    (struct sockaddr *)&ss, len);
			continue;
		}
		peer = accept(fd, NULL, NULL);
		if (peer < 0)
			continue;
		(void)!write(peer, text, strlen(text));
		(void)close(peer);
	}
}

static void
read_options(struct job *job, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "bskRP6:n:rl:ae:wf")) != -1)
		switch (c) {
		case 'b':
			job->how = FD;
			break;
		case 's':
			job->how = MADE;
			break;
		case 'k':
			job->how = KERNEL;
			break;
		case 'R':
			job->reuseaddr = 1;
			break;
		case 'P':
			job->reuseport = 1;
			break;
		case '6':
			job->v6only = *optarg == '1';
			break;
		case 'n':
			job->number = (int)number(optarg, INT32_MAX);
			break;
		case 'r':
			job->rebind = 1;
			break;
		case 'l':
			job->backlog = (int)number(optarg, INT32_MAX);
			break;
		case 'a':
			job->show = 1;
			break;
		case 'e':
			job->text = optarg;
			break;
		case 'w':
			job->wait = 1;
			break;
		case 'f':
			job->look = 1;
			break;
		default:
			usage();
		}
	if (argc - optind != 1)
		usage();
}

int
main(int argc, char **argv)
{
	struct job job = {.reuseaddr = -1,
	    .reuseport = -1,
	    .v6only = -1,
	    .number = -1,
	    .backlog = -1};
	struct sockaddr_storage ss;
	struct addrinfo ai;
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	read_options(&job, argc, argv);
	if (bsock_addrinfo_parse(&ai, &ss, argv[optind]) != 0) {
		(void)fprintf(stderr, "ask: no address: %s\n", argv[optind]);
		return 2;
	}
	if (job.wait || job.look)
		block_sigterm();
	fd = bind_it(&job, &ai);
	if (fd >= 0 && job.backlog >= 0 && listen(fd, job.backlog) != 0)
		fd = -1;
	(void)printf("%s", fd >= 0 ? "0" : strerrorname_np(errno));
	if (fd >= 0 && job.show)
		show(fd, ai);
	(void)printf("\n");
	(void)fflush(stdout);
	if (fd >= 0 && job.text != NULL)
		serve(fd, ai.ai_socktype, job.text);
	if (fd >= 0 && job.wait)
		until_sigterm();
	return fd >= 0 ? 0 : 1;
}
