/*
 * bsock_sockopt_table - the options that bsock_sockopt carries
 *
 * What an unprivileged process can set and read on a socket that is bound or
 * listening.  The order matters: IP_TOS changes SO_PRIORITY, SO_RCVLOWAT the
 * buffer size (whose turn comes after this table).  Left out are:
 *	SO_REUSEPORT		the reservation rests on it
 *	IPV6_V6ONLY		fixed by bind(2); the daemon made it right
 *	SO_RCVBUF, SO_SNDBUF, filters	in bsock_sockopt.c: more than a copy
 *	group memberships	the kernel does not tell them
 * Some cannot be taken back (TCP_FASTOPEN_KEY, SO_TXTIME) or not be set while
 * listening (TCP_FASTOPEN_CONNECT); there they do nothing by themselves.
 *
 * Numbers stand for options that are younger than the headers of systems on
 * which bsock is built.  A kernel that does not know one refuses to read it.
 */
#ifndef BSOCK_SOCKOPT_TABLE_H
#define BSOCK_SOCKOPT_TABLE_H

#include <sys/socket.h>
#include <sys/time.h>

#include <netinet/in.h>
#include <stddef.h>

#ifdef __linux__
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#else
#include <netinet/tcp.h>
#endif

/* The longest value there is. */
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

/* clang-format off */
#define INT(level, name) { level, name, sizeof(int), PLAIN }
/* clang-format on */

static const struct option options[] = {
    INT(IPPROTO_IP, IP_TOS), INT(IPPROTO_IP, IP_TTL),
    INT(IPPROTO_IP, IP_RECVOPTS), INT(IPPROTO_IP, IP_RETOPTS),
    INT(IPPROTO_IP, IP_MULTICAST_TTL), INT(IPPROTO_IP, IP_MULTICAST_LOOP),
    /* Set by interface index it reads as 0.0.0.0. */
    {IPPROTO_IP, IP_MULTICAST_IF, sizeof(struct in_addr), ALWAYS},
    {IPPROTO_IP, IP_OPTIONS, 40, PLAIN},
#ifdef __linux__
    INT(IPPROTO_IP, IP_PKTINFO), INT(IPPROTO_IP, IP_MTU_DISCOVER),
    INT(IPPROTO_IP, IP_RECVERR), INT(IPPROTO_IP, IP_RECVTTL),
    INT(IPPROTO_IP, IP_RECVTOS), INT(IPPROTO_IP, IP_FREEBIND),
    INT(IPPROTO_IP, IP_PASSSEC), INT(IPPROTO_IP, IP_TRANSPARENT),
    INT(IPPROTO_IP, IP_RECVORIGDSTADDR), INT(IPPROTO_IP, IP_MINTTL),
    INT(IPPROTO_IP, IP_CHECKSUM), INT(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
    INT(IPPROTO_IP, IP_MULTICAST_ALL), INT(IPPROTO_IP, IP_UNICAST_IF),
    INT(IPPROTO_IP, 25), /* IP_RECVFRAGSIZE */
    INT(IPPROTO_IP, 26), /* IP_RECVERR_RFC4884 */
    INT(IPPROTO_IP, 51), /* IP_LOCAL_PORT_RANGE */
#endif

    INT(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
    INT(IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
    INT(IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
    INT(IPPROTO_IPV6, IPV6_MULTICAST_IF),
#ifdef __linux__
    INT(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
    {IPPROTO_IPV6, IPV6_MTU, sizeof(int), RESET},
    INT(IPPROTO_IPV6, IPV6_RECVERR), INT(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    INT(IPPROTO_IPV6, IPV6_RECVHOPLIMIT), INT(IPPROTO_IPV6, IPV6_RECVRTHDR),
    INT(IPPROTO_IPV6, IPV6_RECVHOPOPTS), INT(IPPROTO_IPV6, IPV6_RECVDSTOPTS),
    INT(IPPROTO_IPV6, IPV6_2292PKTINFO), INT(IPPROTO_IPV6, IPV6_2292HOPLIMIT),
    INT(IPPROTO_IPV6, IPV6_2292RTHDR), INT(IPPROTO_IPV6, IPV6_2292HOPOPTS),
    INT(IPPROTO_IPV6, IPV6_2292DSTOPTS), INT(IPPROTO_IPV6, IPV6_RECVTCLASS),
    INT(IPPROTO_IPV6, IPV6_TCLASS), INT(IPPROTO_IPV6, IPV6_FLOWINFO),
    INT(IPPROTO_IPV6, IPV6_FLOWINFO_SEND), INT(IPPROTO_IPV6, IPV6_RECVPATHMTU),
    INT(IPPROTO_IPV6, IPV6_DONTFRAG), INT(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL),
    INT(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES),
    INT(IPPROTO_IPV6, IPV6_MINHOPCOUNT),
    INT(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR),
    INT(IPPROTO_IPV6, IPV6_TRANSPARENT), INT(IPPROTO_IPV6, IPV6_UNICAST_IF),
    {IPPROTO_IPV6, IPV6_RTHDR, VALUE_MAX, PLAIN},
    INT(IPPROTO_IPV6, 29), /* IPV6_MULTICAST_ALL */
    INT(IPPROTO_IPV6, 31), /* IPV6_RECVERR_RFC4884 */
    INT(IPPROTO_IPV6, 77), /* IPV6_RECVFRAGSIZE */
    INT(IPPROTO_IPV6, 78), /* IPV6_FREEBIND */
#endif

    INT(IPPROTO_TCP, TCP_NODELAY),
    {IPPROTO_TCP, TCP_MAXSEG, sizeof(int), MAXSEG},
#ifdef __linux__
    INT(IPPROTO_TCP, TCP_CORK), INT(IPPROTO_TCP, TCP_KEEPIDLE),
    INT(IPPROTO_TCP, TCP_KEEPINTVL), INT(IPPROTO_TCP, TCP_KEEPCNT),
    INT(IPPROTO_TCP, TCP_SYNCNT), INT(IPPROTO_TCP, TCP_LINGER2),
    INT(IPPROTO_TCP, TCP_DEFER_ACCEPT),
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, sizeof(int), CLAMP},
    INT(IPPROTO_TCP, TCP_QUICKACK), {IPPROTO_TCP, TCP_CONGESTION, 16, STRING},
    INT(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
    INT(IPPROTO_TCP, TCP_THIN_DUPACK), INT(IPPROTO_TCP, TCP_USER_TIMEOUT),
    INT(IPPROTO_TCP, TCP_FASTOPEN), INT(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
    INT(IPPROTO_TCP, TCP_SAVE_SYN), INT(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
    {IPPROTO_TCP, 33, 32, PLAIN}, /* TCP_FASTOPEN_KEY */
    INT(IPPROTO_TCP, 34),         /* TCP_FASTOPEN_NO_COOKIE */
    INT(IPPROTO_TCP, 36),         /* TCP_INQ */
    INT(IPPROTO_TCP, 37),         /* TCP_TX_DELAY */
    INT(IPPROTO_TCP, 44),         /* TCP_RTO_MAX_MS */
    INT(IPPROTO_TCP, 45),         /* TCP_RTO_MIN_US */
    INT(IPPROTO_TCP, 46),         /* TCP_DELACK_MAX_US */

    INT(IPPROTO_UDP, UDP_CORK), INT(IPPROTO_UDP, UDP_ENCAP),
    INT(IPPROTO_UDP, UDP_NO_CHECK6_TX), INT(IPPROTO_UDP, UDP_NO_CHECK6_RX),
    INT(IPPROTO_UDP, 103),    /* UDP_SEGMENT */
    INT(IPPROTO_UDP, 104),    /* UDP_GRO */
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
#ifdef __linux__
    INT(SOL_SOCKET, SO_NO_CHECK), INT(SOL_SOCKET, SO_PRIORITY),
    {SOL_SOCKET, SO_MARK, sizeof(int), STRICT}, INT(SOL_SOCKET, SO_PASSCRED),
    INT(SOL_SOCKET, SO_PASSSEC), INT(SOL_SOCKET, SO_RXQ_OVFL),
    INT(SOL_SOCKET, SO_WIFI_STATUS), INT(SOL_SOCKET, SO_PEEK_OFF),
    INT(SOL_SOCKET, SO_SELECT_ERR_QUEUE), INT(SOL_SOCKET, SO_BUSY_POLL),
    {SOL_SOCKET, SO_MAX_PACING_RATE, sizeof(unsigned long), PLAIN},
    INT(SOL_SOCKET, SO_INCOMING_CPU), INT(SOL_SOCKET, SO_ZEROCOPY),
#endif
#ifdef SO_BINDTOIFINDEX
    {SOL_SOCKET, SO_BINDTOIFINDEX, sizeof(int), STRICT},
#elif defined(SO_BINDTODEVICE)
    {SOL_SOCKET, SO_BINDTODEVICE, 16, STRICT},
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
#if defined(SO_COOKIE) && SO_COOKIE == 57     /* the common numbering */
    {SOL_SOCKET, 61, 2 * sizeof(int), PLAIN}, /* SO_TXTIME */
    INT(SOL_SOCKET, 69),                      /* SO_PREFER_BUSY_POLL */
    INT(SOL_SOCKET, 70),                      /* SO_BUSY_POLL_BUDGET */
    INT(SOL_SOCKET, 73),                      /* SO_RESERVE_MEM */
    INT(SOL_SOCKET, 74),                      /* SO_TXREHASH */
    INT(SOL_SOCKET, 75),                      /* SO_RCVMARK */
    INT(SOL_SOCKET, 76),                      /* SO_PASSPIDFD */
    INT(SOL_SOCKET, 82),                      /* SO_RCVPRIORITY */
    INT(SOL_SOCKET, 83),                      /* SO_PASSRIGHTS */
#endif
};

#endif
