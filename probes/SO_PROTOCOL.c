#include <sys/socket.h>
int main(void) { return SO_PROTOCOL; }
