#include <sys/socket.h>
int main(void) { return MSG_CMSG_CLOEXEC; }
