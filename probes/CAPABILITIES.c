#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
int main(void) { return PR_SET_NO_NEW_PRIVS + SYS_capset + CAP_NET_BIND_SERVICE; }
