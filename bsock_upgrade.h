/*
 * bsock_upgrade - the daemon replaces itself, with every socket kept
 */
#ifndef BSOCK_UPGRADE_H
#define BSOCK_UPGRADE_H

#include "bsock_daemon.h"
#include "bsock_state.h"

/*
 * exec options->program as the same daemon, which finds in its state the
 * control socket, the lock and the set's addresses.  Only the main thread is
 * left.  Returns only when that failed: -1 and errno, and nothing has
 * changed.
 */
int bsock_upgrade(const struct bsock_daemon_options *options, int control,
    bool control_given, int lock, const struct bsock_resvaddr_set *set);

#endif
