/*
 * bsock_snapshot - from a loaded config to what requests are served from
 *
 * Main thread only.
 */
#ifndef BSOCK_SNAPSHOT_H
#define BSOCK_SNAPSHOT_H

#include "bsock_reload.h"
#include "bsock_serve.h"

/*
 * Make the snapshot of a loaded config, and take its addresses; those that
 * old (may be NULL) has too are shared with it.  The config is used up.
 * Returns NULL, and the config is still the caller's, when memory runs out.
 */
struct bsock_snapshot *bsock_snapshot_make(
    struct bsock_loaded *loaded, const struct bsock_snapshot *old);

/*
 * Once no thread sees old (may be NULL) any more: release what next (NULL:
 * nothing) does not have, put out holders whose rule is gone, free old.
 */
void bsock_snapshot_retire(
    struct bsock_snapshot *old, struct bsock_snapshot *next);

#endif
