/*
 * bsock_supervise - binds for programs that are watched by a seccomp filter
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_supervise.h"

#include "bsock_compat.h"
#include "bsock_fdpass.h"

#if HAVE_NOTIFY

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsock_run_arch.h"
#include "bsock_run_target.h"
#include "libbsock_ask.h"

#define THREADS_MAX 64
#define STACK_SIZE  ((size_t)256 << 10)

/* Linux 6.6 */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, uint64_t)
#endif

/* A kernel that is newer than this file may have longer structures. */
union notice {
	struct seccomp_notif notif;
	uint8_t room[512];
};

union verdict {
	struct seccomp_notif_resp resp;
	uint8_t room[256];
};

static struct {
	struct bsock_supervise options; /* fixed before the first thread */
	struct seccomp_notif_sizes sizes;
	atomic_int idle;    /* threads that wait for a report */
	atomic_int threads; /* started */
} state;

/* One reported bind(2). */
struct bind {
	struct bsock_run_target target;
	int sock; /* our copy of the program's socket */
};

/* --- in the program ---------------------------------------------------- */

/*
 * With WAIT_KILLABLE_RECV a bind that we are at work on is not restarted by
 * a signal: the second try would fail, since the socket is bound by then.
 */
int
bsock_supervise_install(void)
{
	struct sock_filter filter[BSOCK_RUN_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};

	program.len = (unsigned short)bsock_run_arch_filter(filter);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	    &program);
}

const char *
bsock_supervise_explain(int error)
{
	switch (error) {
	case EBUSY:
		return "another supervisor watches system calls here already";
	case ENOSYS:
	case EINVAL:
		return "this kernel cannot report system calls (needs Linux "
		       "5.19 with seccomp)";
	case EACCES:
	case EPERM:
		return "seccomp is not allowed here";
	default:
		return bsock_compat_strerror(error);
	}
}

/* --- looking at it ----------------------------------------------------- */

static bool
has_port(const struct bsock_run_target *t)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&t->addr;

	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
			   offsetof(struct sockaddr_in6, sin6_port),
	    "sin_port and sin6_port");
	return (t->addr.ss_family == AF_INET ||
		   t->addr.ss_family == AF_INET6) &&
	       t->addrlen >= sizeof(*in) && in->sin_port != 0;
}

/* The address first, once; what is checked is what is bound. */
static bool
look(struct bind *b)
{
	struct bsock_run_target *t = &b->target;

	errno = 0;
	if (bsock_run_target_arguments(t) && bsock_run_target_address(t) &&
	    bsock_run_target_waits(t)) {
		if (!has_port(t))
			return false;
		b->sock = bsock_run_target_socket(t);
	}
	if (b->sock < 0 && errno == EPERM && state.options.blind != NULL)
		state.options.blind((long)t->pid);
	return b->sock >= 0;
}

/* --- binding it -------------------------------------------------------- */

/* Which open file this is, the same in every process that has it. */
static ino_t
identity(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Put the socket that bsock gave in place of the program's own, unless that
 * number means something else by now. */
static bool
put_in_place(const struct bind *b, ino_t before)
{
	const struct bsock_run_target *t = &b->target;
	struct seccomp_notif_addfd addfd = {
	    .id = t->id,
	    .flags = SECCOMP_ADDFD_FLAG_SETFD,
	    .srcfd = (uint32_t)b->sock,
	    .newfd = (uint32_t)t->call.fd,
	    .newfd_flags = bsock_run_target_is_cloexec(t) ? O_CLOEXEC : 0,
	};
	int now = bsock_run_target_socket(t);
	bool same = identity(now) == before;

	if (now >= 0)
		(void)close(now);
	return same && ioctl(state.options.listener, SECCOMP_IOCTL_NOTIF_ADDFD,
			   &addfd) >= 0;
}

/*
 * 0 when it is bound, else the errno of the bind: that the address is in use
 * is told by bsock alone where the kernel had looked at the privilege first.
 */
static int
ask_bsock(struct bind *b, int why)
{
	struct bsock_ask ask = {.fd = b->sock};
	ino_t before = identity(b->sock);
	int error;

	if (bsock_ask_prepare(
		&ask.request, b->sock, &b->target.addr, b->target.addrlen) != 0)
		return why;
	error = bsock_ask(&ask) != 0 ? errno : 0;
	if (error == 0 && identity(b->sock) != before &&
	    !put_in_place(b, before))
		error = EBADF;
	state.options.report(&ask, why, error);
	return error == 0 || (ask.answered && error == EADDRINUSE) ? error
								   : why;
}

static int
do_bind(struct bind *b)
{
	if (bind(b->sock, (struct sockaddr *)&b->target.addr,
		b->target.addrlen) == 0)
		return 0;
	return errno == EACCES || errno == EPERM || errno == EADDRINUSE
		   ? ask_bsock(b, errno)
		   : errno;
}

/* Our copy is closed before the program goes on: it must be able to close
 * its socket and bind the same address again. */
static void
handle(const struct seccomp_notif *notif)
{
	struct bind b = {
	    .target = {.listener = state.options.listener,
		.id = notif->id,
		.pid = notif->pid},
	    .sock = -1,
	};
	union verdict verdict;
	int error = EINVAL; /* it is none that we can make */

	memset(&verdict, 0, sizeof(verdict));
	if (bsock_run_arch_is_bind(&notif->data, &b.target.call) && look(&b))
		error = do_bind(&b);
	if (b.sock >= 0)
		(void)close(b.sock);
	verdict.resp.id = notif->id;
	if (error == EADDRINUSE)
		verdict.resp.error = -error;
	else if (error != 0)
		verdict.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	/* It fails when the program was killed meanwhile. */
	(void)ioctl(state.options.listener, SECCOMP_IOCTL_NOTIF_SEND, &verdict);
}

/* --- threads ----------------------------------------------------------- */

static int start_thread(void);

/* Has nobody the filter any more? */
static bool
nobody_left(void)
{
	int now = bsock_fdpass_look(state.options.listener, 0);

	return now > 0 && (now & POLLHUP) != 0;
}

static void *
answer(void *arg)
{
	union notice notice;

	(void)arg;
	for (;;) {
		memset(&notice, 0, sizeof(notice)); /* the kernel insists */
		if (ioctl(state.options.listener, SECCOMP_IOCTL_NOTIF_RECV,
			&notice) != 0) {
			if (errno != EINTR && errno != ENOENT)
				break;
			if (nobody_left())
				break;
			continue;
		}
		if (atomic_fetch_sub(&state.idle, 1) == 1)
			(void)start_thread();
		handle(&notice.notif);
		atomic_fetch_add(&state.idle, 1);
	}
	return NULL;
}

static int
start_thread(void)
{
	pthread_attr_t attr;
	pthread_t id;
	int error;

	if (atomic_fetch_add(&state.threads, 1) >= THREADS_MAX) {
		atomic_fetch_sub(&state.threads, 1);
		return EAGAIN;
	}
	atomic_fetch_add(&state.idle, 1);
	error = pthread_attr_init(&attr);
	if (error == 0) {
		(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
		(void)pthread_attr_setdetachstate(
		    &attr, PTHREAD_CREATE_DETACHED);
		error = pthread_create(&id, &attr, answer, NULL);
		(void)pthread_attr_destroy(&attr);
	}
	if (error != 0) {
		atomic_fetch_sub(&state.idle, 1);
		atomic_fetch_sub(&state.threads, 1);
	}
	return error;
}

int
bsock_supervise_start(const struct bsock_supervise *options)
{
	state.options = *options;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &state.sizes) != 0)
		return -1;
	if (state.sizes.seccomp_notif > sizeof(union notice) ||
	    state.sizes.seccomp_notif_resp > sizeof(union verdict)) {
		errno = ENOSYS;
		return -1;
	}
	/* One waits for the other: on one processor that is quicker. */
	(void)ioctl(options->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	errno = start_thread();
	return errno == 0 ? 0 : -1;
}

#else

int
bsock_supervise_install(void)
{
	errno = ENOSYS;
	return -1;
}

const char *
bsock_supervise_explain(int error)
{
	(void)error;
	return "this system cannot report system calls";
}

int
bsock_supervise_start(const struct bsock_supervise *options)
{
	(void)options;
	errno = ENOSYS;
	return -1;
}

#endif
