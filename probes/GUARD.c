/* SO_REUSEPORT groups that compare the uid of sockets: Linux. */
#include <sys/socket.h>
#include <sys/epoll.h>
#ifndef __linux__
#error only Linux
#endif
int main(void) { return SO_REUSEPORT + epoll_create1(0); }
