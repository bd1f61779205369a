/*
 * bsock_mend - undo what a holder did to a kept socket
 *
 * A socket that was handed out is shared: options, connect(2) and
 * shutdown(2) of its holder act on the daemon's copy as well.  Before the
 * next holder gets it, it is put right; or the last one is put out.
 *
 * No state, nothing waits, kept stays the caller's.  Safe in any thread,
 * under the lock of the address.
 */
#ifndef BSOCK_MEND_H
#define BSOCK_MEND_H

#include <sys/types.h>

#include <stdbool.h>

#include "bsock_addr.h"

/*
 * Undo what a holder may have done to a kept socket; listened: it has been
 * in LISTEN, and is put back there.  Returns false when it cannot be mended.
 */
bool bsock_mend_kept(int kept, const struct bsock_addr *addr, bool listened);

/*
 * Make a stream socket that uid holds a copy of useless, for good.  Returns
 * false when nothing can.
 */
bool bsock_mend_evict(int kept, uid_t uid);

#endif
