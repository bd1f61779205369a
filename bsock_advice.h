/*
 * bsock_advice - what works, but not as somebody may think
 *
 * For the checkers (bsock -t, bsockctl reload): a config that was loaded is
 * looked at beside the system's settings.  Never called while serving.
 */
#ifndef BSOCK_ADVICE_H
#define BSOCK_ADVICE_H

#include "bsock_config.h"

/* Reports warnings, with the paths and through the callback of options. */
void bsock_advice(const struct bsock_config *config,
    const struct bsock_config_options *options);

#endif
