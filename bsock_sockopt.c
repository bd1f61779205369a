/*
 * bsock_sockopt - make one socket indistinguishable from another
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_sockopt.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bsock_compat.h"

#ifdef __linux__
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#else
#include <netinet/tcp.h>
#endif

/* The longest value there is: a classic BPF filter has its own buffer. */
#define VALUE_MAX 128

enum kind {
	PLAIN,  /* read both, set where they differ */
	STRICT, /* the same; where it cannot be set, a fresh socket is needed */
	STRING, /* a value that ends at its first NUL */
	ALWAYS, /* set without looking: the value read does not tell all */
	RESET,  /* not readable: set to 0, what a socket begins with */
	MAXSEG, /* reads as the default while it is unset */
	CLAMP,  /* 0 cannot be set while listening: the most is as good */
	LINGER  /* off keeps the time that was set while it was on */
};

struct option {
	int level;
	int name;
	size_t size;
	enum kind kind;
};

#define INT(level, name)                                                       \
	{                                                                      \
		level, name, sizeof(int), PLAIN                                \
	}

/*
 * What an unprivileged process can set and read on a socket that is bound or
 * listening.  The order matters: IP_TOS changes SO_PRIORITY, SO_RCVLOWAT the
 * buffer size (whose turn comes after this table).  Left out are:
 *	SO_REUSEPORT		the reservation rests on it
 *	IPV6_V6ONLY		fixed by bind(2); the daemon made it right
 *	SO_RCVBUF, SO_SNDBUF, filters	below, they need more than a copy
 *	group memberships	the kernel does not tell them
 * Some cannot be taken back (TCP_FASTOPEN_KEY, SO_TXTIME) or not be set while
 * listening (TCP_FASTOPEN_CONNECT); there they do nothing by themselves.
 */
static const struct option options[] = {
#ifdef IP_TOS
    INT(IPPROTO_IP, IP_TOS),
#endif
#ifdef IP_TTL
    INT(IPPROTO_IP, IP_TTL),
#endif
#ifdef IP_RECVOPTS
    INT(IPPROTO_IP, IP_RECVOPTS),
#endif
#ifdef IP_RETOPTS
    INT(IPPROTO_IP, IP_RETOPTS),
#endif
#ifdef IP_PKTINFO
    INT(IPPROTO_IP, IP_PKTINFO),
#endif
#ifdef IP_MTU_DISCOVER
    INT(IPPROTO_IP, IP_MTU_DISCOVER),
#endif
#ifdef IP_RECVERR
    INT(IPPROTO_IP, IP_RECVERR),
#endif
#ifdef IP_RECVERR_RFC4884
    INT(IPPROTO_IP, IP_RECVERR_RFC4884),
#endif
#ifdef IP_RECVTTL
    INT(IPPROTO_IP, IP_RECVTTL),
#endif
#ifdef IP_RECVTOS
    INT(IPPROTO_IP, IP_RECVTOS),
#endif
#ifdef IP_FREEBIND
    INT(IPPROTO_IP, IP_FREEBIND),
#endif
#ifdef IP_TRANSPARENT
    INT(IPPROTO_IP, IP_TRANSPARENT),
#endif
#ifdef IP_PASSSEC
    INT(IPPROTO_IP, IP_PASSSEC),
#endif
#ifdef IP_RECVORIGDSTADDR
    INT(IPPROTO_IP, IP_RECVORIGDSTADDR),
#endif
#ifdef IP_MINTTL
    INT(IPPROTO_IP, IP_MINTTL),
#endif
#ifdef IP_CHECKSUM
    INT(IPPROTO_IP, IP_CHECKSUM),
#endif
#ifdef IP_BIND_ADDRESS_NO_PORT
    INT(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
#endif
#ifdef IP_RECVFRAGSIZE
    INT(IPPROTO_IP, IP_RECVFRAGSIZE),
#endif
#ifdef IP_MULTICAST_TTL
    INT(IPPROTO_IP, IP_MULTICAST_TTL),
#endif
#ifdef IP_MULTICAST_LOOP
    INT(IPPROTO_IP, IP_MULTICAST_LOOP),
#endif
#ifdef IP_MULTICAST_ALL
    INT(IPPROTO_IP, IP_MULTICAST_ALL),
#endif
#ifdef IP_MULTICAST_IF
    /* Set by interface index it reads as 0.0.0.0. */
    {IPPROTO_IP, IP_MULTICAST_IF, sizeof(struct in_addr), ALWAYS},
#endif
#ifdef IP_UNICAST_IF
    INT(IPPROTO_IP, IP_UNICAST_IF),
#endif
#ifdef IP_LOCAL_PORT_RANGE
    INT(IPPROTO_IP, IP_LOCAL_PORT_RANGE),
#endif
#ifdef IP_OPTIONS
    {IPPROTO_IP, IP_OPTIONS, 40, PLAIN},
#endif

    INT(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
    INT(IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
    INT(IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
    INT(IPPROTO_IPV6, IPV6_MULTICAST_IF),
#ifdef IPV6_MULTICAST_ALL
    INT(IPPROTO_IPV6, IPV6_MULTICAST_ALL),
#endif
#ifdef IPV6_UNICAST_IF
    INT(IPPROTO_IPV6, IPV6_UNICAST_IF),
#endif
#ifdef IPV6_MTU_DISCOVER
    INT(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
#endif
#ifdef IPV6_MTU
    {IPPROTO_IPV6, IPV6_MTU, sizeof(int), RESET},
#endif
#ifdef IPV6_RECVERR
    INT(IPPROTO_IPV6, IPV6_RECVERR),
#endif
#ifdef IPV6_RECVERR_RFC4884
    INT(IPPROTO_IPV6, IPV6_RECVERR_RFC4884),
#endif
#ifdef IPV6_RECVPKTINFO
    INT(IPPROTO_IPV6, IPV6_RECVPKTINFO),
#endif
#ifdef IPV6_RECVHOPLIMIT
    INT(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
#endif
#ifdef IPV6_RECVRTHDR
    INT(IPPROTO_IPV6, IPV6_RECVRTHDR),
#endif
#ifdef IPV6_RECVHOPOPTS
    INT(IPPROTO_IPV6, IPV6_RECVHOPOPTS),
#endif
#ifdef IPV6_RECVDSTOPTS
    INT(IPPROTO_IPV6, IPV6_RECVDSTOPTS),
#endif
#ifdef IPV6_2292PKTINFO
    INT(IPPROTO_IPV6, IPV6_2292PKTINFO),
#endif
#ifdef IPV6_2292HOPLIMIT
    INT(IPPROTO_IPV6, IPV6_2292HOPLIMIT),
#endif
#ifdef IPV6_2292RTHDR
    INT(IPPROTO_IPV6, IPV6_2292RTHDR),
#endif
#ifdef IPV6_2292HOPOPTS
    INT(IPPROTO_IPV6, IPV6_2292HOPOPTS),
#endif
#ifdef IPV6_2292DSTOPTS
    INT(IPPROTO_IPV6, IPV6_2292DSTOPTS),
#endif
#ifdef IPV6_RECVTCLASS
    INT(IPPROTO_IPV6, IPV6_RECVTCLASS),
#endif
#ifdef IPV6_TCLASS
    INT(IPPROTO_IPV6, IPV6_TCLASS),
#endif
#ifdef IPV6_FLOWINFO
    INT(IPPROTO_IPV6, IPV6_FLOWINFO),
#endif
#ifdef IPV6_FLOWINFO_SEND
    INT(IPPROTO_IPV6, IPV6_FLOWINFO_SEND),
#endif
#ifdef IPV6_RECVPATHMTU
    INT(IPPROTO_IPV6, IPV6_RECVPATHMTU),
#endif
#ifdef IPV6_DONTFRAG
    INT(IPPROTO_IPV6, IPV6_DONTFRAG),
#endif
#ifdef IPV6_AUTOFLOWLABEL
    INT(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL),
#endif
#ifdef IPV6_ADDR_PREFERENCES
    INT(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES),
#endif
#ifdef IPV6_MINHOPCOUNT
    INT(IPPROTO_IPV6, IPV6_MINHOPCOUNT),
#endif
#ifdef IPV6_RECVORIGDSTADDR
    INT(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR),
#endif
#ifdef IPV6_TRANSPARENT
    INT(IPPROTO_IPV6, IPV6_TRANSPARENT),
#endif
#ifdef IPV6_FREEBIND
    INT(IPPROTO_IPV6, IPV6_FREEBIND),
#endif
#ifdef IPV6_RECVFRAGSIZE
    INT(IPPROTO_IPV6, IPV6_RECVFRAGSIZE),
#endif
#ifdef IPV6_RTHDR
    {IPPROTO_IPV6, IPV6_RTHDR, VALUE_MAX, PLAIN},
#endif

    INT(IPPROTO_TCP, TCP_NODELAY),
    {IPPROTO_TCP, TCP_MAXSEG, sizeof(int), MAXSEG},
#ifdef TCP_CORK
    INT(IPPROTO_TCP, TCP_CORK),
#endif
#ifdef TCP_KEEPIDLE
    INT(IPPROTO_TCP, TCP_KEEPIDLE),
#endif
#ifdef TCP_KEEPINTVL
    INT(IPPROTO_TCP, TCP_KEEPINTVL),
#endif
#ifdef TCP_KEEPCNT
    INT(IPPROTO_TCP, TCP_KEEPCNT),
#endif
#ifdef TCP_SYNCNT
    INT(IPPROTO_TCP, TCP_SYNCNT),
#endif
#ifdef TCP_LINGER2
    INT(IPPROTO_TCP, TCP_LINGER2),
#endif
#ifdef TCP_DEFER_ACCEPT
    INT(IPPROTO_TCP, TCP_DEFER_ACCEPT),
#endif
#ifdef TCP_WINDOW_CLAMP
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, sizeof(int), CLAMP},
#endif
#ifdef TCP_QUICKACK
    INT(IPPROTO_TCP, TCP_QUICKACK),
#endif
#ifdef TCP_CONGESTION
    {IPPROTO_TCP, TCP_CONGESTION, 16, STRING},
#endif
#ifdef TCP_THIN_LINEAR_TIMEOUTS
    INT(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
#endif
#ifdef TCP_THIN_DUPACK
    INT(IPPROTO_TCP, TCP_THIN_DUPACK),
#endif
#ifdef TCP_USER_TIMEOUT
    INT(IPPROTO_TCP, TCP_USER_TIMEOUT),
#endif
#ifdef TCP_FASTOPEN
    INT(IPPROTO_TCP, TCP_FASTOPEN),
#endif
#ifdef TCP_FASTOPEN_CONNECT
    INT(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
#endif
#ifdef TCP_FASTOPEN_KEY
    {IPPROTO_TCP, TCP_FASTOPEN_KEY, 32, PLAIN},
#endif
#ifdef TCP_FASTOPEN_NO_COOKIE
    INT(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE),
#endif
#ifdef TCP_NOTSENT_LOWAT
    INT(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
#endif
#ifdef TCP_SAVE_SYN
    INT(IPPROTO_TCP, TCP_SAVE_SYN),
#endif
#ifdef TCP_INQ
    INT(IPPROTO_TCP, TCP_INQ),
#endif
#ifdef TCP_TX_DELAY
    INT(IPPROTO_TCP, TCP_TX_DELAY),
#endif
#ifdef __linux__
    INT(IPPROTO_TCP, 44), /* TCP_RTO_MAX_MS, since Linux 6.15 */
    INT(IPPROTO_TCP, 45), /* TCP_RTO_MIN_US, since Linux 6.17 */
    INT(IPPROTO_TCP, 46), /* TCP_DELACK_MAX_US, since Linux 6.17 */
#endif

#ifdef UDP_CORK
    INT(IPPROTO_UDP, UDP_CORK),
#endif
#ifdef UDP_ENCAP
    INT(IPPROTO_UDP, UDP_ENCAP),
#endif
#ifdef UDP_NO_CHECK6_TX
    INT(IPPROTO_UDP, UDP_NO_CHECK6_TX),
#endif
#ifdef UDP_NO_CHECK6_RX
    INT(IPPROTO_UDP, UDP_NO_CHECK6_RX),
#endif
#ifdef UDP_SEGMENT
    INT(IPPROTO_UDP, UDP_SEGMENT),
#endif
#ifdef UDP_GRO
    INT(IPPROTO_UDP, UDP_GRO),
#endif
#ifdef __linux__
    INT(IPPROTO_UDPLITE, 10), /* UDPLITE_SEND_CSCOV */
    INT(IPPROTO_UDPLITE, 11), /* UDPLITE_RECV_CSCOV */
#endif

    INT(SOL_SOCKET, SO_DEBUG), INT(SOL_SOCKET, SO_REUSEADDR),
    INT(SOL_SOCKET, SO_KEEPALIVE), INT(SOL_SOCKET, SO_DONTROUTE),
    INT(SOL_SOCKET, SO_BROADCAST), INT(SOL_SOCKET, SO_OOBINLINE),
    {SOL_SOCKET, SO_LINGER, sizeof(struct linger), LINGER},
    INT(SOL_SOCKET, SO_RCVLOWAT),
    {SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval), PLAIN},
    {SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval), PLAIN},
#ifdef SO_NO_CHECK
    INT(SOL_SOCKET, SO_NO_CHECK),
#endif
#ifdef SO_PRIORITY
    INT(SOL_SOCKET, SO_PRIORITY),
#endif
#ifdef SO_MARK
    {SOL_SOCKET, SO_MARK, sizeof(int), STRICT},
#endif
#ifdef SO_BINDTOIFINDEX
    {SOL_SOCKET, SO_BINDTOIFINDEX, sizeof(int), STRICT},
#elif defined(SO_BINDTODEVICE)
	{ SOL_SOCKET, SO_BINDTODEVICE, 16, STRICT },
#endif
/* One of these at most is on; setting one changes the others. */
#ifdef SO_TIMESTAMP_OLD
    INT(SOL_SOCKET, SO_TIMESTAMP_OLD), INT(SOL_SOCKET, SO_TIMESTAMPNS_OLD),
    INT(SOL_SOCKET, SO_TIMESTAMP_NEW), INT(SOL_SOCKET, SO_TIMESTAMPNS_NEW),
#elif defined(SO_TIMESTAMP)
	INT(SOL_SOCKET, SO_TIMESTAMP),
#endif
#ifdef SO_TIMESTAMPING
    {SOL_SOCKET, SO_TIMESTAMPING, 2 * sizeof(int), PLAIN},
#endif
#ifdef SO_PASSCRED
    INT(SOL_SOCKET, SO_PASSCRED),
#endif
#ifdef SO_PASSSEC
    INT(SOL_SOCKET, SO_PASSSEC),
#endif
#ifdef SO_RXQ_OVFL
    INT(SOL_SOCKET, SO_RXQ_OVFL),
#endif
#ifdef SO_WIFI_STATUS
    INT(SOL_SOCKET, SO_WIFI_STATUS),
#endif
#ifdef SO_PEEK_OFF
    INT(SOL_SOCKET, SO_PEEK_OFF),
#endif
#ifdef SO_SELECT_ERR_QUEUE
    INT(SOL_SOCKET, SO_SELECT_ERR_QUEUE),
#endif
#ifdef SO_BUSY_POLL
    INT(SOL_SOCKET, SO_BUSY_POLL),
#endif
#ifdef SO_PREFER_BUSY_POLL
    INT(SOL_SOCKET, SO_PREFER_BUSY_POLL),
#endif
#ifdef SO_BUSY_POLL_BUDGET
    INT(SOL_SOCKET, SO_BUSY_POLL_BUDGET),
#endif
#ifdef SO_MAX_PACING_RATE
    {SOL_SOCKET, SO_MAX_PACING_RATE, sizeof(unsigned long), PLAIN},
#endif
#ifdef SO_INCOMING_CPU
    INT(SOL_SOCKET, SO_INCOMING_CPU),
#endif
#ifdef SO_ZEROCOPY
    INT(SOL_SOCKET, SO_ZEROCOPY),
#endif
#ifdef SO_TXTIME
    {SOL_SOCKET, SO_TXTIME, 2 * sizeof(int), PLAIN},
#endif
#ifdef SO_RESERVE_MEM
    INT(SOL_SOCKET, SO_RESERVE_MEM),
#endif
#ifdef SO_TXREHASH
    INT(SOL_SOCKET, SO_TXREHASH),
#endif
#ifdef SO_RCVMARK
    INT(SOL_SOCKET, SO_RCVMARK),
#endif
#if defined(SO_COOKIE) && SO_COOKIE == 57 /* the common numbering */
    INT(SOL_SOCKET, 76),                  /* SO_PASSPIDFD, since Linux 6.5 */
    INT(SOL_SOCKET, 82),                  /* SO_RCVPRIORITY, since Linux 6.14 */
    INT(SOL_SOCKET, 83),                  /* SO_PASSRIGHTS, since Linux 6.16 */
#endif
};

struct value {
	socklen_t len;
	unsigned char bytes[VALUE_MAX];
};

static bool
get(int fd, const struct option *option, struct value *value)
{
	memset(value, 0, sizeof(*value));
	value->len = (socklen_t)option->size;
	if (getsockopt(fd, option->level, option->name, value->bytes,
		&value->len) != 0)
		return false;
	if (option->kind == STRING)
		value->len = (socklen_t)strnlen(
		    (const char *)value->bytes, option->size);
	return true;
}

static int
set_int(int fd, const struct option *option, int value)
{
	return setsockopt(
	    fd, option->level, option->name, &value, sizeof(value));
}

static bool
same(const struct value *a, const struct value *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int
as_int(const struct value *value)
{
	int i;

	memcpy(&i, value->bytes, sizeof(i));
	return i;
}

static void
set_linger_time(int fd, const struct option *option, const struct value *value)
{
	struct linger linger;

	memcpy(&linger, value->bytes, sizeof(linger));
	linger.l_onoff = 1;
	(void)setsockopt(
	    fd, option->level, option->name, &linger, sizeof(linger));
}

/* Returns false when to must not be used as it is. */
static bool
carry_option(int from, int to, const struct option *option)
{
	const int unset_mss = 536;
	struct value want, have;
	int r;

	if (option->kind == RESET) {
		(void)set_int(to, option, 0);
		return true;
	}
	/* What one of them does not know cannot differ. */
	if (!get(from, option, &want) || !get(to, option, &have))
		return true;
	if (option->kind != ALWAYS && same(&want, &have))
		return true;
	if (option->kind == LINGER)
		set_linger_time(to, option, &want);
	if (option->kind == MAXSEG && as_int(&want) == unset_mss)
		r = set_int(to, option, 0);
	else
		r = setsockopt(
		    to, option->level, option->name, want.bytes, want.len);
	if (r != 0 && option->kind == CLAMP)
		r = set_int(to, option, INT32_MAX);
	return r == 0 || option->kind != STRICT;
}

/*
 * The kernel doubles what is set, and ends autotuning there; only
 * SO_BUF_LOCK (since Linux 5.15) tells whether the program did set it.
 */
static void
carry_buffer(int from, int to, int name)
{
	int want, have;
	socklen_t len = sizeof(want);

	if (getsockopt(from, SOL_SOCKET, name, &want, &len) != 0 ||
	    getsockopt(to, SOL_SOCKET, name, &have, &len) != 0 || want == have)
		return;
#ifdef __linux__
	want /= 2;
#endif
	(void)setsockopt(to, SOL_SOCKET, name, &want, sizeof(want));
}

static void
carry_buffers(int from, int to)
{
#ifdef SO_BUF_LOCK
	int want, have;
	socklen_t len = sizeof(want);
	bool known =
	    getsockopt(from, SOL_SOCKET, SO_BUF_LOCK, &want, &len) == 0 &&
	    getsockopt(to, SOL_SOCKET, SO_BUF_LOCK, &have, &len) == 0;

	if (known && want == 0 && have == 0)
		return;
#endif
	carry_buffer(from, to, SO_RCVBUF);
	carry_buffer(from, to, SO_SNDBUF);
#ifdef SO_BUF_LOCK
	if (known)
		(void)setsockopt(
		    to, SOL_SOCKET, SO_BUF_LOCK, &want, sizeof(want));
#endif
}

#ifdef SO_ATTACH_FILTER

#include <linux/filter.h>

/* The number of instructions, 0 for no filter, -1 where it cannot be read. */
static int
filter_length(int fd)
{
	socklen_t n = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) != 0)
		return -1;
	return (int)n;
}

/* A filter can be 32 KiB, too much for the stack of some threads. */
static void
copy_filter(int from, int to, unsigned short n)
{
	socklen_t len = n;
	size_t size = n * sizeof(struct sock_filter);
	struct sock_fprog program = {.len = n};

	program.filter = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (program.filter == MAP_FAILED)
		return;
	if (getsockopt(from, SOL_SOCKET, SO_GET_FILTER, program.filter, &len) ==
	    0)
		(void)setsockopt(to, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		    sizeof(program));
	(void)munmap(program.filter, size);
}

/* Returns false when to has a filter that is locked (SO_LOCK_FILTER). */
static bool
carry_filter(int from, int to)
{
	int n = filter_length(from);
	int none = 0;

	if (filter_length(to) != 0 &&
	    setsockopt(to, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)) !=
		0 &&
	    errno != ENOENT)
		return false;
	if (n > 0)
		copy_filter(from, to, (unsigned short)n);
	return true;
}

static bool
carry_filter_lock(int from, int to)
{
	const struct option lock = INT(SOL_SOCKET, SO_LOCK_FILTER);
	struct value want, have;

	if (!get(from, &lock, &want) || !get(to, &lock, &have))
		return true;
	return same(&want, &have) || set_int(to, &lock, as_int(&want)) == 0;
}

#endif

/* Of whom SIGIO comes, and with which flags I/O is done. */
static int
carry_status(int from, int to)
{
	int flags = fcntl(from, F_GETFL);

	if (flags < 0)
		return -1;
	(void)fcntl(to, F_SETOWN, fcntl(from, F_GETOWN));
#ifdef F_SETSIG
	(void)fcntl(to, F_SETSIG, fcntl(from, F_GETSIG));
#endif
	return fcntl(to, F_SETFL, flags);
}

int
bsock_sockopt_carry(int from, int to)
{
	bool usable = true;

	if (carry_status(from, to) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!carry_option(from, to, &options[i]))
			usable = false;
	carry_buffers(from, to);
#ifdef SO_ATTACH_FILTER
	if (!carry_filter(from, to) || !carry_filter_lock(from, to))
		usable = false;
#endif
	if (usable)
		return 0;
	errno = EBUSY;
	return -1;
}
