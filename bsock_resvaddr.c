/* Stands in until the real one lands: no address is ever reserved. */
#include "bsock_resvaddr.h"

#include <stdlib.h>

struct bsock_resvaddr_set {
	size_t count;
};

struct bsock_resvaddr_set *
bsock_resvaddr_set_make(const struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_line *lines, size_t n)
{
	(void)old;
	(void)lines;
	(void)n;
	return calloc(1, sizeof(struct bsock_resvaddr_set));
}

void
bsock_resvaddr_set_retire(struct bsock_resvaddr_set *old,
    const struct bsock_resvaddr_set *next, bsock_resvaddr_allowed *allowed,
    void *ctx)
{
	(void)next;
	(void)allowed;
	(void)ctx;
	free(old);
}

struct bsock_resvaddr *
bsock_resvaddr_find(
    const struct bsock_resvaddr_set *set, const struct bsock_addr *key)
{
	(void)set;
	(void)key;
	return NULL;
}

int
bsock_resvaddr_claim(struct bsock_resvaddr *r,
    const struct bsock_resvaddr_claim *claim, int *out, bool *kept)
{
	(void)r;
	(void)claim;
	(void)out;
	(void)kept;
	return -1;
}

int
bsock_resvaddr_watch_fd(void)
{
	return -1;
}

int
bsock_resvaddr_timeout(const struct bsock_resvaddr_set *set)
{
	(void)set;
	return -1;
}

void
bsock_resvaddr_watch(const struct bsock_resvaddr_set *set)
{
	(void)set;
}

size_t
bsock_resvaddr_set_count(const struct bsock_resvaddr_set *set)
{
	return set->count;
}

struct bsock_resvaddr *
bsock_resvaddr_set_at(const struct bsock_resvaddr_set *set, size_t i)
{
	(void)set;
	(void)i;
	return NULL;
}

void
bsock_resvaddr_info(struct bsock_resvaddr *r, struct bsock_resvaddr_info *info)
{
	(void)r;
	(void)info;
}
