#include <sys/socket.h>
int main(void) { return accept4(0, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK); }
