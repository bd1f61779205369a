/*
 * Every option of the table, on every kind of socket: what a program sets is
 * carried, what an earlier holder set is gone.  The module is included, so
 * that the test walks its own table.
 */
#include "../../bsock_sockopt.c"

#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

#include "tap.h"

#define N_OPTIONS (sizeof(options) / sizeof(*options))

static const struct kind_of_socket {
	int family, type, protocol;
	const char *name;
} kinds[] = {
    {AF_INET, SOCK_STREAM, IPPROTO_TCP, "AF_INET tcp"},
    {AF_INET6, SOCK_STREAM, IPPROTO_TCP, "AF_INET6 tcp"},
    {AF_INET, SOCK_STREAM, IPPROTO_MPTCP, "AF_INET mptcp"},
    {AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, "AF_INET6 mptcp"},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "AF_INET udp"},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "AF_INET6 udp"},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "AF_INET udplite"},
    {AF_UNIX, SOCK_STREAM, 0, "AF_UNIX stream"},
    {AF_UNIX, SOCK_DGRAM, 0, "AF_UNIX dgram"},
};

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

static bool ever_changed[N_OPTIONS];

static int
make(const struct kind_of_socket *k)
{
	return socket(k->family, k->type, k->protocol);
}

/* As the daemon keeps it: bound, and listening if it can. */
static int
make_kept(const struct kind_of_socket *k)
{
	struct sockaddr_storage ss;
	socklen_t len = k->family == AF_INET    ? sizeof(struct sockaddr_in)
			: k->family == AF_INET6 ? sizeof(struct sockaddr_in6)
						: sizeof(sa_family_t);
	int fd = make(k);

	memset(&ss, 0, sizeof(ss));
	ss.ss_family = (sa_family_t)k->family;
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len) != 0)
		return -1;
	if (k->type == SOCK_STREAM && listen(fd, 5) != 0)
		return -1;
	return fd;
}

/* Values that make sense for options that are not a small number. */
static size_t
special(const struct option *o, unsigned i, unsigned char *bytes)
{
	static const unsigned char nops[4] = {1, 1, 1, 0};
	struct linger linger = {1, 7};
	struct timeval tv = {3, 0};
	struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	unsigned long rate = 1000000;
	int pair[2] = {1, 1};
	int stamps[2] = {1 << 4, 0};
	int range = (int)((60000u << 16) | 50000u);
	int index = (int)htonl(1);
	const void *v = NULL;

	if (i > 0)
		return 0;
	if (o->level == SOL_SOCKET && o->name == SO_LINGER)
		v = &linger;
	else if (o->level == SOL_SOCKET &&
		 (o->name == SO_RCVTIMEO || o->name == SO_SNDTIMEO))
		v = &tv;
	else if (o->level == SOL_SOCKET && o->name == SO_MAX_PACING_RATE)
		v = &rate;
	else if (o->level == SOL_SOCKET && o->name == SO_TXTIME)
		v = pair;
	else if (o->level == SOL_SOCKET && o->name == SO_TIMESTAMPING)
		v = stamps;
	else if (o->level == IPPROTO_IP && o->name == IP_MULTICAST_IF)
		v = &loopback;
	else if (o->level == IPPROTO_IP && o->name == 51)
		v = &range;
	else if ((o->level == IPPROTO_IP && o->name == IP_UNICAST_IF) ||
		 (o->level == IPPROTO_IPV6 && o->name == IPV6_UNICAST_IF))
		v = &index;
	else if (o->level == IPPROTO_TCP && o->name == TCP_CONGESTION)
		v = "reno\0\0\0\0\0\0\0\0\0\0\0";
	else if (o->level == IPPROTO_TCP && o->name == TCP_FASTOPEN_KEY)
		v = "0123456789abcdefFEDCBA9876543210";
	else if (o->level == IPPROTO_IP && o->name == IP_OPTIONS) {
		memcpy(bytes, nops, sizeof(nops));
		return sizeof(nops);
	}
	if (v == NULL)
		return 0;
	memcpy(bytes, v, o->size);
	return o->size;
}

static size_t
candidate(const struct option *o, unsigned i, unsigned char *bytes)
{
	static const int numbers[] = {
	    1, 0, 2, 3, 5, 16, 64, 600, 1000, 1300, 20000, 300000, 0x40, -1};
	size_t n = special(o, i, bytes);

	if (n != 0 || o->size != sizeof(int))
		return n;
	if (i >= sizeof(numbers) / sizeof(*numbers))
		return 0;
	memcpy(bytes, &numbers[i], sizeof(int));
	return sizeof(int);
}

/* Sets the option to something else than it has; false if nobody may. */
static bool
change(int fd, const struct option *o)
{
	unsigned char bytes[VALUE_MAX];
	struct value before, after;
	size_t n;

	if (!get(fd, o, &before))
		return false;
	for (unsigned i = 0; (n = candidate(o, i, bytes)) != 0; i++)
		if (setsockopt(fd, o->level, o->name, bytes, (socklen_t)n) ==
			0 &&
		    get(fd, o, &after) && !same(&before, &after))
			return true;
	return false;
}

/* Does the option read the same on both? */
static bool
agree(int a, int b, const struct option *o)
{
	struct value va, vb;

	return !get(a, o, &va) || !get(b, o, &vb) || same(&va, &vb);
}

static bool
is_option(const struct option *o, int level, int name)
{
	return o->level == level && o->name == name;
}

/* What the kernel does not let a listening socket have. */
static bool
settable(const struct kind_of_socket *k, const struct option *o)
{
	return k->type != SOCK_STREAM ||
	       !is_option(o, IPPROTO_TCP, TCP_FASTOPEN_CONNECT);
}

/* What nobody, or only root, can set back to what it was at first. */
static bool
comes_back(const struct option *o)
{
	return o->kind != CLAMP &&
	       !is_option(o, IPPROTO_TCP, TCP_FASTOPEN_KEY) &&
	       !is_option(o, SOL_SOCKET, SO_TXTIME);
}

static void
carries(const struct kind_of_socket *k, size_t index)
{
	const struct option *o = &options[index];
	int set = make(k), fresh = make(k), kept = make_kept(k);
	char name[128];

	if (set >= 0 && fresh >= 0 && kept >= 0 && o->kind != STRICT &&
	    settable(k, o) && change(set, o)) {
		ever_changed[index] = true;
		snprintf(name, sizeof(name), "%s: option %d/%d", k->name,
		    o->level, o->name);
		ok(bsock_sockopt_carry(set, kept) == 0 && agree(set, kept, o),
		    name);
		snprintf(name, sizeof(name), "%s: option %d/%d is taken back",
		    k->name, o->level, o->name);
		ok(bsock_sockopt_carry(fresh, kept) == 0 &&
			(agree(fresh, kept, o) || !comes_back(o)),
		    name);
	}
	close(set);
	close(fresh);
	close(kept);
}

static void
every_option(void)
{
	int changed = 0;

	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t i = 0; i < N_OPTIONS; i++)
			carries(&kinds[k], i);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (ever_changed[i])
			changed++;
		else
			printf("# not settable here: %d/%d\n", options[i].level,
			    options[i].name);
	}
	printf("# %d options of %zu carried\n", changed, N_OPTIONS);
	ok(changed >= 60, "most of the table can be tested here");
}

/* All at once: no option undoes another. */
static void
all_at_once(const struct kind_of_socket *k)
{
	int set = make(k), kept = make_kept(k);
	bool good = true;

	if (set < 0 || kept < 0) {
		printf("# no %s here\n", k->name);
		goto out;
	}
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (options[i].kind != STRICT && settable(k, &options[i]))
			(void)change(set, &options[i]);
	good = bsock_sockopt_carry(set, kept) == 0;
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (!agree(set, kept, &options[i])) {
			printf("# differs: %d/%d\n", options[i].level,
			    options[i].name);
			good = false;
		}
	ok(good, k->name);
out:
	close(set);
	close(kept);
}

static int
number(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

static void
buffers(void)
{
	int set = make(&kinds[0]), fresh = make(&kinds[0]);
	int kept = make_kept(&kinds[0]);
	int size = 50000;

	setsockopt(set, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	is(bsock_sockopt_carry(set, kept), 0, "carry buffers");
	is(number(kept, SO_RCVBUF), number(set, SO_RCVBUF), "SO_RCVBUF");
	is(number(kept, SO_SNDBUF), number(set, SO_SNDBUF),
	    "SO_SNDBUF was not set");
#ifdef SO_BUF_LOCK
	is(number(kept, SO_BUF_LOCK), number(set, SO_BUF_LOCK),
	    "only what was set is locked");
	is(bsock_sockopt_carry(fresh, kept), 0, "carry defaults");
	is(number(kept, SO_BUF_LOCK), 0, "autotuning goes on");
	is(number(kept, SO_RCVBUF), number(fresh, SO_RCVBUF),
	    "SO_RCVBUF as it was");
#endif
	close(set);
	close(fresh);
	close(kept);
}

static void
status_flags(void)
{
	int set = make(&kinds[0]), fresh = make(&kinds[0]);
	int kept = make_kept(&kinds[0]);

	fcntl(kept, F_SETFL, O_NONBLOCK);
	bsock_sockopt_carry(fresh, kept);
	is(fcntl(kept, F_GETFL) & O_NONBLOCK, 0,
	    "O_NONBLOCK of an earlier holder is gone");
	fcntl(set, F_SETFL, O_NONBLOCK | O_ASYNC);
	fcntl(set, F_SETOWN, getpid());
	fcntl(set, F_SETSIG, SIGUSR1);
	bsock_sockopt_carry(set, kept);
	is(fcntl(kept, F_GETFL), fcntl(set, F_GETFL), "status flags");
	is(fcntl(kept, F_GETOWN), getpid(), "the owner");
	is(fcntl(kept, F_GETSIG), SIGUSR1, "the signal");
	bsock_sockopt_carry(fresh, kept);
	is(fcntl(kept, F_GETOWN), 0, "no owner");
	close(set);
	close(fresh);
	close(kept);
}

static void
filters(void)
{
	struct sock_filter drop[] = {{BPF_RET | BPF_K, 0, 0, 0}};
	struct sock_filter pass[] = {
	    {BPF_RET | BPF_K, 0, 0, 0xffff}, {BPF_RET | BPF_K, 0, 0, 0xffff}};
	struct sock_fprog dropping = {1, drop}, passing = {2, pass};
	int set = make(&kinds[0]), fresh = make(&kinds[0]);
	int kept = make_kept(&kinds[0]);
	int on = 1;

	if (setsockopt(kept, SOL_SOCKET, SO_ATTACH_FILTER, &dropping,
		sizeof(dropping)) != 0) {
		printf("# may not attach a filter here\n");
		goto out;
	}
	is(bsock_sockopt_carry(fresh, kept), 0, "an earlier holder's filter");
	is(filter_length(kept), 0, "is taken off");
	setsockopt(
	    set, SOL_SOCKET, SO_ATTACH_FILTER, &passing, sizeof(passing));
	is(bsock_sockopt_carry(set, kept), 0, "the program's filter");
	is(filter_length(kept), 2, "is put on");
	setsockopt(set, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
	is(bsock_sockopt_carry(set, kept), 0, "the program's lock");
	is(number(kept, SO_LOCK_FILTER), 1, "is put on");
	errno = 0;
	is(bsock_sockopt_carry(fresh, kept), -1, "a locked filter stays");
	is(errno, EBUSY, "so a fresh socket is asked for");
out:
	close(set);
	close(fresh);
	close(kept);
}

/* Root may take it off; nobody else. */
static void
device(void)
{
	int fresh = make(&kinds[0]), kept = make_kept(&kinds[0]);
	int lo = 1;

	if (setsockopt(kept, SOL_SOCKET, SO_BINDTOIFINDEX, &lo, sizeof(lo)) !=
	    0) {
		printf("# no SO_BINDTOIFINDEX here\n");
		goto out;
	}
	errno = 0;
	if (bsock_sockopt_carry(fresh, kept) == 0)
		is(number(kept, SO_BINDTOIFINDEX), 0, "the device is cleared");
	else
		is(errno, EBUSY, "a device that stays: EBUSY");
	/* The other way round nobody needs a privilege. */
	close(kept);
	kept = make_kept(&kinds[0]);
	setsockopt(fresh, SOL_SOCKET, SO_BINDTOIFINDEX, &lo, sizeof(lo));
	is(bsock_sockopt_carry(fresh, kept), 0, "carry a device");
	is(number(kept, SO_BINDTOIFINDEX), 1, "the program's device");
out:
	close(fresh);
	close(kept);
}

static void
not_carried(void)
{
	int set = make(&kinds[0]), kept = make_kept(&kinds[0]);
	int on = 1;

	setsockopt(set, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	is(bsock_sockopt_carry(set, kept), 0, "carry");
	is(number(kept, SO_REUSEPORT), 0, "SO_REUSEPORT is left alone");
	is(bsock_sockopt_carry(-1, kept), -1, "from nothing");
	is(errno, EBADF, "EBADF");
	close(set);
	close(kept);
}

int
main(void)
{
	every_option();
	for (size_t k = 0; k < N_KINDS; k++)
		all_at_once(&kinds[k]);
	buffers();
	status_flags();
	filters();
	device();
	not_carried();
	return finish();
}
