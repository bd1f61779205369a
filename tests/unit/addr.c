/* bsock_addr: text, the kernel's form, the key of rules. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

#include "bsock_addr.h"
#include "tap.h"

static int
parse(struct bsock_addr *addr, const char *line, struct bsock_addr_error *error)
{
	struct bsock_addr_field fields[5];

	if (bsock_addr_split(line, strlen(line), fields, 5) != 5)
		return -1;
	return bsock_addr_parse(addr, line, fields, NULL, error);
}

/* Text becomes the canonical text, also by way of a sockaddr. */
static void
round_trip(const char *line, const char *want)
{
	char text[BSOCK_ADDR_STRLEN], again[BSOCK_ADDR_STRLEN];
	struct bsock_addr addr, back;
	struct sockaddr_storage ss;
	socklen_t len;

	if (!ok(parse(&addr, line, NULL) == 0, line))
		return;
	(void)bsock_addr_format(&addr, text, sizeof(text));
	is_s(text, want, want);
	len = bsock_addr_to_sockaddr(&addr, &ss);
	is(bsock_addr_from_sockaddr(&back, addr.family, (int)addr.socktype,
	       (int)addr.protocol, &ss, len),
	    0, "as a sockaddr");
	ok(bsock_addr_equal(&addr, &back), "and back: the same");
	(void)bsock_addr_format(&back, again, sizeof(again));
	is_s(again, want, "and the same text");
}

static void
test_text(void)
{
	round_trip("AF_INET SOCK_STREAM tcp 80 0.0.0.0",
	    "AF_INET SOCK_STREAM tcp 80 0.0.0.0");
	round_trip("PF_INET6\tSOCK_DGRAM 17 65535 0:0::1",
	    "AF_INET6 SOCK_DGRAM udp 65535 ::1");
	round_trip("AF_INET6 SOCK_STREAM 0 1 fe80::1%7",
	    "AF_INET6 SOCK_STREAM tcp 1 fe80::1%7");
	round_trip("AF_INET6 SOCK_STREAM mptcp 1 ::ffff:1.2.3.4",
	    "AF_INET6 SOCK_STREAM mptcp 1 ::ffff:1.2.3.4");
	round_trip("AF_INET SOCK_SEQPACKET 132 1 1.2.3.4",
	    "AF_INET SOCK_SEQPACKET sctp 1 1.2.3.4");
	round_trip("AF_LOCAL SOCK_STREAM 0 0 /run/x",
	    "AF_UNIX SOCK_STREAM 0 0 /run/x");
	round_trip("AF_UNIX SOCK_DGRAM 0 0 @x", "AF_UNIX SOCK_DGRAM 0 0 @x");
}

static void
test_errors(void)
{
	struct bsock_addr_error error;
	struct bsock_addr addr;

	is(parse(&addr, "AF_INET SOCK_STREAM tcp 65536 0.0.0.0", &error), -1,
	    "a port too large");
	is((long long)error.column, 24, "its column");
	ok(!error.unresolved, "is wrong, not unknown");
	is(parse(&addr, "AF_INET SOCK_STREAM tcp 80 \x1b[31m", &error), -1,
	    "no address");
	ok(strchr(error.reason, '\x1b') == NULL, "the reason is printable");
	is(parse(&addr, "AF_INET SOCK_STREAM tcp 80 0.0.0.0%1", NULL), -1,
	    "no error is asked for");
}

static void
test_format_cuts(void)
{
	struct bsock_addr addr;
	char small[8] = "xxxxxxx";
	size_t want = strlen("AF_INET SOCK_STREAM tcp 80 0.0.0.0");

	(void)parse(&addr, "AF_INET SOCK_STREAM tcp 80 0.0.0.0", NULL);
	is((long long)bsock_addr_format(&addr, small, sizeof(small)),
	    (long long)want, "the length that it would have");
	is_s(small, "", "nothing where it does not fit");
	is((long long)bsock_addr_format(&addr, NULL, 0), (long long)want,
	    "no buffer at all");
}

static int
from(struct bsock_addr *addr, const void *sa, size_t len)
{
	return bsock_addr_from_sockaddr(
	    addr, AF_INET6, SOCK_STREAM, IPPROTO_TCP, sa, len);
}

static void
test_sockaddr(void)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
	    .sin6_port = htons(80),
	    .sin6_flowinfo = 0xffffffff,
	    .sin6_scope_id = 9};
	struct sockaddr_storage ss = {.ss_family = AF_INET6};
	struct bsock_addr addr;

	is(from(&addr, &in6, sizeof(in6)), 0, "sockaddr_in6");
	is(addr.scope, 0, "a scope counts for link-local only");
	in6.sin6_addr.s6_addr[0] = 0xfe;
	in6.sin6_addr.s6_addr[1] = 0x80;
	is(from(&addr, &in6, sizeof(in6)), 0, "a link-local one");
	is(addr.scope, 9, "there it counts");
	(void)bsock_addr_to_sockaddr(&addr, &ss);
	is(((struct sockaddr_in6 *)&ss)->sin6_flowinfo, 0,
	    "flow information never comes back");
	is(from(&addr, &ss, sizeof(ss)), 0, "sockaddr_storage");
	for (size_t len = 0; len < 28; len++)
		if (from(&addr, &in6, len) != EINVAL)
			ok(0, "a short one is EINVAL");
	is(from(&addr, &in6, 29), EINVAL, "a long one is EINVAL");
}

static void
test_unix(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const size_t offset = offsetof(struct sockaddr_un, sun_path);
	struct bsock_addr addr;

#define FROM(len)                                                              \
	bsock_addr_from_sockaddr(&addr, AF_UNIX, SOCK_STREAM, 0, &un, len)
	is(FROM(offset), EINVAL, "no path");
	is(FROM(offset + 1), EINVAL, "an empty one");
	memset(un.sun_path, 'a', sizeof(un.sun_path));
	is(FROM(sizeof(un)), EINVAL, "a relative one");
	un.sun_path[0] = '/';
	is(FROM(sizeof(un)), EINVAL, "108 bytes and no NUL");
	un.sun_path[107] = '\0';
	is(FROM(sizeof(un)), 0, "107 bytes");
	is(addr.pathlen, 107, "are what it has");
	un.sun_path[0] = '\0';
	is(FROM(sizeof(un)), 0, "an abstract name may hold NULs");
	is(addr.pathlen, 108, "all of its bytes count");
#undef FROM
}

static void
test_key(void)
{
	struct bsock_addr mapped, v4, key;

	(void)parse(
	    &mapped, "AF_INET6 SOCK_STREAM mptcp 80 ::ffff:1.2.3.4", NULL);
	(void)parse(&v4, "AF_INET SOCK_STREAM tcp 80 1.2.3.4", NULL);
	bsock_addr_key(&mapped, &key);
	ok(bsock_addr_equal(&key, &v4), "v4-mapped MPTCP is IPv4 TCP");
	ok(bsock_addr_hash(&key, 1) == bsock_addr_hash(&v4, 1), "one hash");
	(void)parse(&v4, "AF_INET SOCK_DGRAM udplite 80 1.2.3.4", NULL);
	bsock_addr_key(&v4, &key);
	is(key.protocol, IPPROTO_UDPLITE, "UDP-Lite is not UDP");
}

int
main(void)
{
	test_text();
	test_errors();
	test_format_cuts();
	test_sockaddr();
	test_unix();
	test_key();
	return finish();
}
