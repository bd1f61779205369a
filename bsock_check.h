/*
 * bsock_check - bsock -t: both config files, judged by the daemon's parser
 */
#ifndef BSOCK_CHECK_H
#define BSOCK_CHECK_H

/* For a process of its own with one thread.  Prints what is wrong, and what
 * surprises, to stderr; returns the exit status: 0 (warnings alone too) or 1.
 */
int bsock_check(const char *config, const char *resvaddr);

#endif
