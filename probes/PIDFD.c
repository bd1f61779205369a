#include <sys/syscall.h>
int main(void) { return SYS_pidfd_open; }
