#include <linux/seccomp.h>
#include <linux/filter.h>
#include <sys/syscall.h>
int main(void) { return SYS_seccomp + SECCOMP_SET_MODE_FILTER; }
