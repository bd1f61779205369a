/*
 * bsock_oneshot - one request without a daemon
 *
 * The forms of bsock for which it can be installed setuid root.  The caller
 * is hostile: bsock_priv_sanitize() must have been called before.  One
 * thread, no log; the built-in config; nothing is kept, so a reserved address
 * is bound plainly.  Both return the errno value of the outcome, 0 for bound.
 */
#ifndef BSOCK_ONESHOT_H
#define BSOCK_ONESHOT_H

/*
 * The request comes over the connected unix socket on stdin, whose peer must
 * be the real user, and gets its reply there.  ETIME when none has come
 * within 2 s.
 */
int bsock_oneshot_stdin(void);

/* For the real user: bind the socket on stdin to the address in these five
 * words. */
int bsock_oneshot_words(char *const words[5]);

#endif
