#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
int main(void)
{
	struct seccomp_notif_addfd addfd = {.flags = SECCOMP_ADDFD_FLAG_SETFD};
	return (int)addfd.flags + SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV +
	    SYS_pidfd_getfd + SYS_pidfd_send_signal + PR_SET_CHILD_SUBREAPER +
	    SFD_CLOEXEC + SYS_process_vm_readv + AUDIT_ARCH_AARCH64;
}
