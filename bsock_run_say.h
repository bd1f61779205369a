/*
 * bsock_run_say - what bsock-run is told by people and tells them
 */
#ifndef BSOCK_RUN_SAY_H
#define BSOCK_RUN_SAY_H

#include <sys/types.h>

struct bsock_ask;

/* "bsock-run: ..." and a newline, in one write. */
void bsock_run_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* In whose name bsock is asked, and where its rules are; asks the name
 * service once. */
void bsock_run_say_init(uid_t uid, const char *rules);

/*
 * Read text as an address, with names as in the config files; option and arg
 * are for the complaint.  Returns 0, or -1 after saying what is wrong.
 */
struct bsock_addr;
int bsock_run_say_address(const char *option, const char *arg, const char *text,
    struct bsock_addr *addr);

/* How a question to bsock went (error 0: bound), and what to do about it. */
void bsock_run_say_answer(const struct bsock_ask *ask, int error);

#endif
