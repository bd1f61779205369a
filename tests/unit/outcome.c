/* bsock_outcome: the line of each outcome, said at once and by way of the
 * queue. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bsock_log.h"
#include "bsock_outcome.h"
#include "tap.h"

static int from; /* what was written to stderr */

static const char *
said(void)
{
	static char got[4096];
	ssize_t n;

	(void)bsock_log_drain();
	n = read(from, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static struct bsock_outcome
outcome(const char *line)
{
	struct bsock_outcome o = {
	    .via = "native", .uid = 33, .pid = 4711, .us = 41, .line = 12};
	struct bsock_addr_field fields[5];

	if (bsock_addr_split(line, strlen(line), fields, 5) != 5 ||
	    bsock_addr_parse(&o.addr, line, fields, NULL, NULL) != 0)
		printf("# not an address: %s\n", line);
	return o;
}

static void
test_lines(void)
{
	struct bsock_outcome o = outcome("AF_INET SOCK_STREAM tcp 80 0.0.0.0");

	bsock_outcome_log(&o);
	is_s(said(),
	    "<6>grant uid=33 pid=4711 addr=\"AF_INET SOCK_STREAM tcp 80 "
	    "0.0.0.0\" rule=12 via=native us=41\n",
	    "a grant");
	o.kept = true;
	o.addr.port = 65535;
	o.uid = 4294967294u;
	o.line = 1000000;
	bsock_outcome_log(&o);
	is_s(said(),
	    "<6>grant uid=4294967294 pid=4711 addr=\"AF_INET SOCK_STREAM tcp "
	    "65535 0.0.0.0\" rule=1000000 via=native us=41 kept=1\n",
	    "on a reserved address, with large numbers");
	o = outcome("AF_INET6 SOCK_DGRAM udp 546 fe80::1%2");
	o.error = EACCES;
	o.reason = BSOCK_REASON_NO_RULE;
	bsock_outcome_log(&o);
	is_s(said(),
	    "<5>deny uid=33 pid=4711 addr=\"AF_INET6 SOCK_DGRAM udp 546 "
	    "fe80::1%2\" reason=no-rule errno=13 via=native us=41\n",
	    "a refusal, with a scope");
	o.addr.family = 0;
	o.error = EINVAL;
	o.reason = BSOCK_REASON_MALFORMED;
	bsock_outcome_log(&o);
	is_s(said(),
	    "<5>deny uid=33 pid=4711 addr=\"\" reason=malformed errno=22 "
	    "via=native us=41\n",
	    "nothing is said of an address that is none");
}

/* The longest, with every byte to be escaped: it is one line, and whole. */
static void
test_path(void)
{
	struct bsock_outcome o = outcome("AF_UNIX SOCK_STREAM 0 0 /run/a");
	char want[1024], path[4 * 107 + 1] = "/";
	size_t n = 1;

	memset(o.addr.path + 1, '\n', 106);
	o.addr.pathlen = 107;
	for (int i = 0; i < 106; i++)
		n += (size_t)snprintf(path + n, sizeof(path) - n, "\\x0a");
	(void)snprintf(want, sizeof(want),
	    "<6>grant uid=33 pid=4711 addr=\"AF_UNIX SOCK_STREAM 0 0 %s\" "
	    "rule=12 via=native us=41\n",
	    path);
	bsock_outcome_log(&o);
	is_s(said(), want, "a path, escaped");
}

int
main(void)
{
	int fds[2], wake[2], out = dup(STDERR_FILENO);

	if (pipe(fds) != 0 || pipe(wake) != 0)
		return 1;
	from = fds[0];
	(void)fcntl(from, F_SETFL, O_NONBLOCK);
	(void)dup2(fds[1], STDERR_FILENO);
	bsock_log_open(BSOCK_LOG_PRIORITY, LOG_DAEMON);
	test_lines();
	test_path();
	bsock_log_queue(wake[1]);
	test_lines();
	test_path();
	(void)dup2(out, STDERR_FILENO);
	return finish();
}
