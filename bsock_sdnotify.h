/*
 * bsock_sdnotify - the service manager's protocols, without its library
 *
 * sd_notify(3), sd_listen_fds(3), sd_pid_notify_with_fds(3): readiness, the
 * watchdog, descriptors that come with the start, and the store that keeps
 * descriptors while the daemon is not there.  For the main thread of a
 * daemon that is not setuid.  Nothing waits: what the manager cannot take
 * now fails with EAGAIN.
 */
#ifndef BSOCK_SDNOTIFY_H
#define BSOCK_SDNOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#define BSOCK_SDNOTIFY_NAME_MAX 255 /* bytes of a descriptor's name */

/*
 * Once, before the process changes its pid or user: read NOTIFY_SOCKET and
 * WATCHDOG_USEC, and take over the descriptors of LISTEN_FDS if LISTEN_PID
 * says they are for this process.
 */
void bsock_sdnotify_start(void);

/* Is there a service manager that wants to know? */
bool bsock_sdnotify_active(void);

/* Send "READY=1" or the like, lines separated by \n.  0, or -1 and errno. */
int bsock_sdnotify_send(const char *state);

/* RELOADING=1 with the time that the protocol wants. */
int bsock_sdnotify_reloading(void);

/*
 * The watchdog: sends its sign of life when it is due, and returns after how
 * many milliseconds to call again, or -1 when nobody watches.
 */
int bsock_sdnotify_watchdog(void);

/* Keep a copy of fd under that name; forget all of that name.  0, or -1 and
 * errno. */
int bsock_sdnotify_store(int fd, const char *name);
int bsock_sdnotify_forget(const char *name);

/*
 * The descriptors that came with the start, numbered from 0: their number,
 * and each with its name ("" where there is none).  A descriptor that is
 * taken is the caller's, close-on-exec; it is -1 from then on.
 */
size_t bsock_sdnotify_count(void);
int bsock_sdnotify_fd(size_t i);
int bsock_sdnotify_take(size_t i);
const char *bsock_sdnotify_name(size_t i);

/* Close what nobody took, and have the manager forget it too. */
void bsock_sdnotify_close_rest(void);

/* The listening socket of a .socket unit among what was passed, taken; -1:
 * there is none. */
int bsock_sdnotify_take_listener(void);

#endif
