/*
 * What the reservation of addresses leans on in the kernel, each fact for
 * itself; NOTES tells what follows from them.  As root, other uids too.
 */
#include "bsock_guard.h"

#include <sys/stat.h>

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <unistd.h>

#include "bsock_compat.h"
#include "bsock_mend.h"
#include "tap.h"

#define OTHER 1

static unsigned port = 20000;

static struct bsock_bound_form
form(int family, int socktype, const char *host, int v6only)
{
	struct bsock_bound_form f = {.v6only = v6only};
	struct bsock_addr_error error;
	char line[128];
	struct bsock_addr_field fields[5];
	int n = snprintf(line, sizeof(line), "%s %s %s %u %s",
	    family == AF_INET ? "AF_INET" : "AF_INET6",
	    socktype == SOCK_STREAM ? "SOCK_STREAM" : "SOCK_DGRAM",
	    socktype == SOCK_STREAM ? "tcp" : "udp", port, host);

	if (bsock_addr_split(line, (size_t)n, fields, 5) != 5 ||
	    bsock_addr_parse(&f.addr, line, fields, NULL, &error) != 0)
		exit(1);
	return f;
}

static int
set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

/* How many ways does another uid have into that form? */
static int
ways_in(const struct bsock_bound_form *f)
{
	int in = 0;

	if (geteuid() != 0 || seteuid(OTHER) != 0)
		return 0;
	for (int flags = 0; flags < 4; flags++) {
		struct sockaddr_storage ss;
		socklen_t len = bsock_addr_to_sockaddr(&f->addr, &ss);
		int s = socket(f->addr.family, (int)f->addr.socktype, 0);

		(void)set(s, SO_REUSEADDR, flags & 1);
		(void)set(s, SO_REUSEPORT, flags >> 1);
		in += bind(s, (struct sockaddr *)&ss, len) == 0;
		(void)close(s);
	}
	(void)seteuid(0);
	return in;
}

static int
connects(const struct bsock_bound_form *f)
{
	struct sockaddr_storage ss;
	socklen_t len = bsock_addr_to_sockaddr(&f->addr, &ss);
	int s = socket(f->addr.family, SOCK_STREAM, 0);
	int error = connect(s, (struct sockaddr *)&ss, len) == 0 ? 0 : errno;

	(void)close(s);
	return error;
}

static void
test_stream(void)
{
	struct bsock_bound_form f = form(AF_INET, SOCK_STREAM, "127.0.0.1", -1);
	struct bsock_bound_form all = form(AF_INET, SOCK_STREAM, "0.0.0.0", -1);
	int guard = -1, kept = -1, fresh = -1, sibling = -1;
	unsigned queue, limit;
	bool exposed;

	is(bsock_guard_take(&f, &guard, &exposed), 0, "a guard is taken");
	ok(!exposed, "without SO_REUSEADDR");
	is(ways_in(&f) + ways_in(&all), 0, "guard alone: nobody gets in");
	is(bsock_guard_service(&f, &guard, &kept), 0, "a socket beside it");
	(void)set(kept, SO_REUSEADDR, 1);
	is(ways_in(&f) + ways_in(&all), 0, "SO_REUSEADDR on it: nobody");
	(void)set(kept, SO_REUSEPORT, 0);
	is(listen(kept, 5) == 0 ? 0 : errno, EADDRINUSE,
	    "without SO_REUSEPORT it cannot listen beside the guard");
	is(ways_in(&f) + ways_in(&all), 0, "and still nobody gets in");
	ok(bsock_mend_kept(kept, &f.addr, true), "it can be mended");
	ok(bsock_bound_listening(kept), "and listens then");
	is(ways_in(&f) + ways_in(&all), 0, "listening: nobody");
	is(connects(&f), 0, "connections go to it");
	bsock_bound_queue(kept, &queue, &limit);
	is(queue, 1, "and wait in its queue");
	is(bsock_guard_service(&f, &guard, &sibling), 0, "another beside it");
	bsock_bound_close(&sibling);
	(void)shutdown(kept, SHUT_RDWR);
	is(ways_in(&f) + ways_in(&all), 0, "shut down: nobody");
	is(connects(&f), ECONNREFUSED, "and nobody is served");
	ok(bsock_mend_kept(kept, &f.addr, true), "put back into LISTEN");
	is(connects(&f), 0, "it serves again");
	(void)shutdown(kept, SHUT_RDWR);
	ok(bsock_mend_evict(kept, OTHER), "a holder is put out");
	(void)listen(kept, 5);
	is(connects(&f), ECONNREFUSED, "whatever it does, it gets nothing");
	is(bsock_guard_service(&f, &guard, &fresh), 0, "a fresh one beside it");
	is(listen(fresh, 5), 0, "can listen");
	is(connects(&f), 0, "and is served");
	is(ways_in(&f) + ways_in(&all), 0, "the one put out lets nobody in");
	bsock_bound_close(&kept);
	bsock_bound_close(&fresh);
	bsock_bound_close(&guard);
	port++;
}

static int
received(int fd)
{
	char buf[16];
	int n = 0;

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static void
send_40(int family, const char *host)
{
	struct bsock_bound_form f = form(family, SOCK_DGRAM, host, -1);
	struct sockaddr_storage ss;
	socklen_t len = bsock_addr_to_sockaddr(&f.addr, &ss);

	for (int i = 0; i < 40; i++) {
		int s = socket(family, SOCK_DGRAM, 0);

		(void)sendto(s, "x", 1, 0, (struct sockaddr *)&ss, len);
		(void)close(s);
	}
}

/* A guard gets nothing, whichever socket came first. */
static void
test_datagrams(const char *what, struct bsock_bound_form f,
    const struct bsock_bound_form *service, int family, const char *to)
{
	int guard = -1, kept = -1, again = -1;
	bool exposed;

	is(bsock_guard_take(&f, &guard, &exposed), 0, what);
	is(ways_in(&f), 0, "nobody gets in beside the guard");
	is(bsock_guard_service(service, &guard, &kept), 0, "a socket beside");
	(void)set(kept, SO_REUSEADDR, 1);
	is(ways_in(&f), 0, "nor beside that");
	send_40(family, to);
	is(received(kept), 40, "it gets every datagram");
	ok(!bsock_guard_is_lonely(&guard, &f), "the guard is not alone");
	bsock_bound_close(&kept);
	if (geteuid() == 0)
		ok(bsock_guard_is_lonely(&guard, &f), "then it is");
	is(bsock_guard_service(service, &guard, &again), 0, "the next one");
	send_40(family, to);
	is(received(again), 40, "gets every datagram too");
	bsock_bound_close(&again);
	bsock_bound_close(&guard);
	port++;
}

static void
test_both_wildcards(void)
{
	struct bsock_bound_form f = form(AF_INET, SOCK_STREAM, "0.0.0.0", -1);
	struct bsock_bound_form six = form(AF_INET6, SOCK_STREAM, "::", 1);
	struct bsock_bound_form dual = form(AF_INET6, SOCK_STREAM, "::", 0);
	int guard = -1, guard6 = -1;
	bool exposed;

	(void)bsock_guard_take(&f, &guard, &exposed);
	is(bsock_guard_take(&six, &guard6, &exposed), 0,
	    "guards of both wildcards stand side by side");
	is(ways_in(&f) + ways_in(&six) + ways_in(&dual), 0,
	    "and leave no way in");
	bsock_bound_close(&guard);
	bsock_bound_close(&guard6);
	port++;
}

int
main(void)
{
	struct bsock_bound_form one, any, any6, only6;

	if (!HAVE_GUARD) {
		printf("1..0 # SKIP no guards on this system\n");
		return 0;
	}
	/* Its own ports, where that is allowed. */
	if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0 &&
	    system("ip link set lo up") != 0)
		return 1;
	test_stream();
	one = form(AF_INET, SOCK_DGRAM, "127.0.0.1", -1);
	test_datagrams("127.0.0.1", one, &one, AF_INET, "127.0.0.1");
	any = form(AF_INET, SOCK_DGRAM, "0.0.0.0", -1);
	test_datagrams("0.0.0.0", any, &any, AF_INET, "127.0.0.1");
	only6 = form(AF_INET6, SOCK_DGRAM, "::", 1);
	test_datagrams(":: V6ONLY", only6, &only6, AF_INET6, "::1");
	any6 = form(AF_INET6, SOCK_DGRAM, "::", 0);
	test_datagrams(":: for IPv4", any6, &any6, AF_INET, "127.0.0.1");
	any = form(AF_INET, SOCK_DGRAM, "0.0.0.0", -1);
	one = form(AF_INET6, SOCK_DGRAM, "::ffff:0.0.0.0", 0);
	test_datagrams("::ffff:0.0.0.0", any, &one, AF_INET, "127.0.0.1");
	test_both_wildcards();
	return finish();
}
