/*
 * bsock_snapshot - from a loaded config to what requests are served from
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_snapshot.h"

#include <stdlib.h>

struct bsock_snapshot *
bsock_snapshot_make(
    struct bsock_loaded *loaded, const struct bsock_snapshot *old)
{
	struct bsock_config *config = &loaded->config;
	struct bsock_snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->skip = loaded->skip;
	for (unsigned port = BSOCK_BINDRESVPORT_FIRST;
	     port <= BSOCK_BINDRESVPORT_LAST; port++)
		if (bsock_authz_names_port(config->authz, (uint16_t)port))
			bsock_bindresvport_skip_add(&s->skip, (uint16_t)port);
	for (size_t i = 0; i < config->nreserved; i++)
		bsock_bindresvport_skip_add(
		    &s->skip, config->reserved[i].addr.port);
	s->reserved =
	    bsock_resvaddr_set_make(old != NULL ? old->reserved : NULL,
		config->reserved, config->nreserved);
	if (s->reserved == NULL) {
		free(s);
		return NULL;
	}
	s->authz = config->authz;
	config->authz = NULL;
	bsock_config_free(config);
	return s;
}

static bool
still_allowed(void *ctx, const struct bsock_authz_principal *who,
    const struct bsock_addr *key)
{
	const struct bsock_snapshot *s = ctx;

	if (who->kind == BSOCK_AUTHZ_UID && who->id == 0 &&
	    key->family != AF_UNIX)
		return true;
	return bsock_authz_find(s->authz, who, key) != 0;
}

void
bsock_snapshot_retire(struct bsock_snapshot *old, struct bsock_snapshot *next)
{
	if (old == NULL)
		return;
	bsock_resvaddr_set_retire(old->reserved,
	    next != NULL ? next->reserved : NULL, still_allowed, next);
	bsock_authz_free(old->authz);
	free(old);
}
