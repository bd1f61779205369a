#include <sched.h>
#include <stddef.h>
int main(void) { return clone(NULL, NULL, CLONE_VM | CLONE_VFORK, NULL); }
