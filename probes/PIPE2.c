#include <fcntl.h>
#include <unistd.h>
int main(void) { int p[2]; return pipe2(p, O_CLOEXEC | O_NONBLOCK); }
