/*
 * bsock_sandbox - which system calls are left
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_sandbox.h"

#include <errno.h>

#include "bsock_compat.h"

/* The only place where a build differs by how it is checked: sanitizers open
 * files, start threads and trace the process when they have something to
 * say. */
#if defined(__has_feature)
#define INSTRUMENTED                                                           \
	(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED 1
#else
#define INSTRUMENTED 0
#endif

#if HAVE_SECCOMP
#include <linux/audit.h>
#if defined(__x86_64__) && defined(__LP64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#endif

#if defined(ARCH) && !INSTRUMENTED

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
/* clone3's flags lie in memory, where a filter cannot look; libc falls back
 * to clone. */
#define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)

#define INSTRUCTIONS_MAX 256
#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))

struct filter {
	struct sock_filter code[INSTRUCTIONS_MAX];
	unsigned short len;
};

/* One argument of one system call, its low 32 bits: all that the kernel
 * looks at for these. */
struct argument {
	long nr;
	unsigned index;
	uint32_t forbidden; /* bits, when values is NULL */
	const uint32_t *values;
	size_t nvalues;
};

/* --- making a filter --------------------------------------------------- */

/* A program that is too long is not installed: len tells. */
static void
add(struct filter *f, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	const struct sock_filter instruction = {code, jt, jf, k};

	if (f->len < INSTRUCTIONS_MAX)
		f->code[f->len] = instruction;
	f->len++;
}

static void
add_return(struct filter *f, uint32_t action)
{
	add(f, BPF_RET | BPF_K, action, 0, 0);
}

static void
add_load(struct filter *f, size_t offset)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Numbers of another architecture (int 0x80) or of x32 mean other calls. */
static void
begin(struct filter *f)
{
	f->len = 0;
	add_load(f, offsetof(struct seccomp_data, arch));
	add(f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	add_return(f, SECCOMP_RET_KILL_PROCESS);
	add_load(f, offsetof(struct seccomp_data, nr));
	add(f, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
	add_return(f, REFUSE);
}

static void
add_call(struct filter *f, long nr, uint32_t action)
{
	add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	add_return(f, action);
}

static void
add_argument(struct filter *f, const struct argument *a)
{
	size_t n = a->values != NULL ? a->nvalues : 1;

	/* Over the load, two instructions for each value, and the refusal. */
	add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)a->nr, 0,
	    (uint8_t)(2 + 2 * n));
	add_load(f,
	    offsetof(struct seccomp_data, args) + a->index * sizeof(uint64_t));
	for (size_t i = 0; i < n && a->values != NULL; i++)
		add_call(f, (long)a->values[i], SECCOMP_RET_ALLOW);
	if (a->values == NULL) {
		add(f, BPF_JMP | BPF_JSET | BPF_K, a->forbidden, 1, 0);
		add_return(f, SECCOMP_RET_ALLOW);
	}
	add_return(f, REFUSE);
}

static int
install(struct filter *f)
{
	const struct sock_fprog program = {f->len, f->code};

	if (f->len > INSTRUCTIONS_MAX) {
		errno = E2BIG;
		return -1;
	}
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* --- serving threads --------------------------------------------------- */

/* The calls that newer architectures do not have any more; twice the same
 * number in a filter does no harm. */
#ifndef SYS_poll
#define SYS_poll     SYS_ppoll
#define SYS_unlink   SYS_unlinkat
#define SYS_lchown   SYS_fchownat
#define SYS_readlink SYS_readlinkat
#define SYS_lstat    SYS_newfstatat
#endif

static const long serve_calls[] = {
    /* connections and messages */
    SYS_accept4, SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto, SYS_poll,
    SYS_ppoll, SYS_epoll_ctl, SYS_shutdown, SYS_close, SYS_read, SYS_write,
    /* looking at sockets, and binding them */
    SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_bind,
    SYS_listen, SYS_fchown,
#ifdef SYS_pidfd_open
    SYS_pidfd_open, /* for a claimant, where SO_PEERPIDFD is not known */
#endif
    /* unix paths: looked at and bound, never opened */
    SYS_connect, SYS_lstat, SYS_newfstatat, SYS_fstat, SYS_readlink,
    SYS_readlinkat, SYS_unlink, SYS_unlinkat, SYS_lchown, SYS_fchownat,
    SYS_pread64,
    /* time, locks, memory, chance */
    SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_futex,
    SYS_sched_yield, SYS_getrandom, SYS_madvise, SYS_munmap, SYS_brk,
    SYS_getpid, SYS_gettid, SYS_geteuid, SYS_getuid,
    /* signals and the end */
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit,
    SYS_exit_group};

/* F_SETOWN, F_SETSIG and FIOSETOWN would send signals to anybody. */
static const uint32_t serve_fcntl[] = {
    F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL};
static const uint32_t serve_ioctl[] = {SIOCOUTQ};
static const uint32_t serve_families[] = {AF_UNIX, AF_INET, AF_INET6};

static const struct argument serve_arguments[] = {
    {SYS_fcntl, 1, 0, serve_fcntl, COUNT(serve_fcntl)},
    {SYS_ioctl, 1, 0, serve_ioctl, COUNT(serve_ioctl)},
    {SYS_socket, 0, 0, serve_families, COUNT(serve_families)},
    {SYS_mmap, 2, PROT_EXEC, NULL, 0},
    {SYS_mprotect, 2, PROT_EXEC, NULL, 0},
};

int
bsock_sandbox_serve(void)
{
	struct filter f;

	begin(&f);
	for (size_t i = 0; i < COUNT(serve_calls); i++)
		add_call(&f, serve_calls[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT(serve_arguments); i++)
		add_argument(&f, &serve_arguments[i]);
	add_return(&f, REFUSE);
	return install(&f);
}

/* --- the main thread --------------------------------------------------- */

static const long main_refused[] = {
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill,
    SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_kcmp,
    /* what is mounted where, and namespaces */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare,
    SYS_swapon, SYS_swapoff, SYS_quotactl, SYS_acct,
    /* the kernel and the machine */
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_reboot, SYS_settimeofday,
    SYS_clock_settime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname,
    SYS_personality, SYS_add_key, SYS_request_key, SYS_keyctl};

#define NAMESPACES                                                             \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |           \
	    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

int
bsock_sandbox_main(void)
{
	/* pthread_kill; an exec keeps the pid */
	const uint32_t self[] = {(uint32_t)getpid()};
	const struct argument arguments[] = {
	    {SYS_tgkill, 0, 0, self, COUNT(self)},
	    {SYS_clone, 0, NAMESPACES, NULL, 0},
	};
	struct filter f;

	begin(&f);
	for (size_t i = 0; i < COUNT(main_refused); i++)
		add_call(&f, main_refused[i], REFUSE);
#ifdef SYS_clone3
	add_call(&f, SYS_clone3, ABSENT);
#endif
#ifdef SYS_io_uring_setup
	/* its operations pass by every filter */
	add_call(&f, SYS_io_uring_setup, REFUSE);
#endif
	for (size_t i = 0; i < COUNT(arguments); i++)
		add_argument(&f, &arguments[i]);
	add_return(&f, SECCOMP_RET_ALLOW);
	return install(&f);
}

bool
bsock_sandbox_exists(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 || errno != EINVAL;
}

bool
bsock_sandbox_is_on(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

#else

int
bsock_sandbox_serve(void)
{
	errno = ENOSYS;
	return -1;
}

int
bsock_sandbox_main(void)
{
	errno = ENOSYS;
	return -1;
}

bool
bsock_sandbox_exists(void)
{
	return false;
}

bool
bsock_sandbox_is_on(void)
{
	return false;
}

#endif
