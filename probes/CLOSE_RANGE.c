#include <unistd.h>
int main(void) { return close_range(3, ~0U, 0); }
