#include <string.h>
int main(void) { return strerrordesc_np(1) == 0; }
