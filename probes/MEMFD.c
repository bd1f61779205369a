#include <sys/mman.h>
#include <fcntl.h>
int main(void) { return memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING) + F_ADD_SEALS; }
