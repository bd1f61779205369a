/*
 * bsock_trim - memory that only the start and a reload needed
 *
 * Reading a config runs through much of libc that serving never touches, and
 * what once ran stays mapped.  bsock_trim() lets go of the program text of
 * this process: pages of files, never changed, which come back by themselves
 * the moment they are used.
 */
#ifndef BSOCK_TRIM_H
#define BSOCK_TRIM_H

/* Cannot fail: what cannot be let go stays.  Any thread. */
void bsock_trim(void);

#endif
