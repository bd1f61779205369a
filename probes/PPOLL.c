#include <poll.h>
#include <signal.h>
int main(void) { return ppoll(0, 0, 0, 0); }
