#include <fcntl.h>
#include <unistd.h>
int main(void) { return dup3(0, 1, O_CLOEXEC); }
