#include <sys/auxv.h>
int main(void) { return getauxval(AT_SECURE) != 0; }
