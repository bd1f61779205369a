/*
 * bsockctl_rules - the rules in canonical form, sorted
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsockctl.h"

struct rule {
	struct bsock_authz_principal who;
	struct bsock_addr key;
};

struct list {
	struct rule *rules;
	size_t n;
};

static void
append(void *ctx, const struct bsock_authz_principal *who,
    const struct bsock_addr *key, uint32_t line)
{
	struct list *list = ctx;

	(void)line;
	list->rules[list->n].who = *who;
	list->rules[list->n].key = *key;
	list->n++;
}

static int
compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

/* By family, port, type, protocol, address, and then by whom. */
static int
compare(const void *va, const void *vb)
{
	const struct rule *a = va, *b = vb;
	const struct bsock_addr *x = &a->key, *y = &b->key;
	int r = compare_numbers(x->family, y->family);

	if (r == 0)
		r = compare_numbers(x->port, y->port);
	if (r == 0)
		r = compare_numbers(x->socktype, y->socktype);
	if (r == 0)
		r = compare_numbers(x->protocol, y->protocol);
	if (r == 0)
		r = memcmp(x->host, y->host, sizeof(x->host));
	if (r == 0)
		r = compare_numbers(x->scope, y->scope);
	if (r == 0)
		r = memcmp(x->path, y->path, sizeof(x->path));
	if (r == 0)
		r = compare_numbers(a->who.kind, b->who.kind);
	return r != 0 ? r : compare_numbers(a->who.id, b->who.id);
}

int
bsockctl_rules(const struct bsockctl *ctl)
{
	struct bsock_config config;
	struct list list = {NULL, 0};
	char who[256], addr[BSOCK_ADDR_STRLEN];

	if (bsockctl_load(ctl, false, &config) != 0)
		return BSOCKCTL_USAGE;
	list.rules =
	    calloc(bsock_authz_count(config.authz) + 1, sizeof(*list.rules));
	if (list.rules == NULL) {
		bsock_config_free(&config);
		perror("bsockctl");
		return BSOCKCTL_USAGE;
	}
	bsock_authz_each(config.authz, append, &list);
	qsort(list.rules, list.n, sizeof(*list.rules), compare);
	for (size_t i = 0; i < list.n; i++) {
		(void)bsock_addr_format(&list.rules[i].key, addr, sizeof(addr));
		(void)printf("%s %s\n",
		    bsockctl_who(&list.rules[i].who, who, sizeof(who)), addr);
	}
	free(list.rules);
	bsock_config_free(&config);
	return BSOCKCTL_OK;
}
