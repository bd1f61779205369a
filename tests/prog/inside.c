/*
 * inside - what a thread of another process may do
 *
 *	inside TID
 *
 * makes the stopped thread call, one after the other, what a confined thread
 * must not, and prints "NAME EPERM" or "NAME allowed" for each.  A call that
 * is allowed does nothing, and fails with another error: addresses are NULL,
 * processes do not exist.  The thread goes on as if nothing had been.  Exit
 * 3: not on this machine.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __x86_64__

#define NOBODY   0x7ffffff0L /* above every pid */
#define BAD_FLAG 0x80000000L

static const struct {
	const char *name;
	long nr;
	long args[3];
} calls[] = {
    {"open", SYS_open, {0, O_RDONLY, 0}},
    {"openat", SYS_openat, {AT_FDCWD, 0, O_RDONLY}},
    {"execve", SYS_execve, {0, 0, 0}},
    {"execveat", SYS_execveat, {AT_FDCWD, 0, 0}},
    {"ptrace", SYS_ptrace, {PTRACE_CONT, NOBODY, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {NOBODY, 0, 0}},
    {"mount", SYS_mount, {0, 0, 0}},
    {"setns", SYS_setns, {-1, 0, 0}},
    {"kill", SYS_kill, {NOBODY, 0, 0}},
    {"tgkill", SYS_tgkill, {NOBODY, NOBODY, 0}},
    {"clone", SYS_clone, {CLONE_SIGHAND, 0, 0}},
    {"seccomp", SYS_seccomp, {BAD_FLAG, 0, 0}},
    {"setresuid", SYS_setresuid, {-1, -1, -1}},
};

/* One instruction, which is the one that the thread entered the kernel by. */
static int
call(pid_t tid, const struct user_regs_struct *saved, size_t i)
{
	struct user_regs_struct regs = *saved;
	int status;

	regs.rip -= 2;
	regs.orig_rax = (unsigned long long)-1; /* nothing to restart */
	regs.rax = (unsigned long long)calls[i].nr;
	regs.rdi = (unsigned long long)calls[i].args[0];
	regs.rsi = (unsigned long long)calls[i].args[1];
	regs.rdx = (unsigned long long)calls[i].args[2];
	regs.r10 = regs.r8 = regs.r9 = 0;
	if (ptrace(PTRACE_SETREGS, tid, NULL, &regs) != 0 ||
	    ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL) != 0 ||
	    waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GETREGS, tid, NULL, &regs) != 0)
		return -1;
	printf("%s %s\n", calls[i].name,
	    regs.rax == (unsigned long long)-EPERM ? "EPERM" : "allowed");
	return 0;
}

static int
in_thread(pid_t tid)
{
	struct user_regs_struct saved;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0 ||
	    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0 ||
	    waitpid(tid, &status, __WALL) != tid ||
	    ptrace(PTRACE_GETREGS, tid, NULL, &saved) != 0) {
		perror("ptrace");
		return 1;
	}
	errno = 0;
	if ((ptrace(PTRACE_PEEKTEXT, tid, saved.rip - 2, NULL) & 0xffff) !=
	    0x050f) {
		(void)fprintf(stderr, "not in a system call\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (call(tid, &saved, i) != 0) {
			perror(calls[i].name);
			return 1;
		}
	if (ptrace(PTRACE_SETREGS, tid, NULL, &saved) != 0 ||
	    ptrace(PTRACE_DETACH, tid, NULL, NULL) != 0) {
		perror("ptrace");
		return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	return argc == 2 ? in_thread((pid_t)strtol(argv[1], NULL, 10)) : 2;
}

#else

int
main(void)
{
	return 3;
}

#endif
