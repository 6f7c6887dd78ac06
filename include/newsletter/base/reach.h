/* Which addresses a connection may be made to whose target others name: none in a private network,
 * unless it is allowed. */
#ifndef NEWSLETTER_BASE_REACH_H
#define NEWSLETTER_BASE_REACH_H

#include "newsletter/base/network.h"

#include <stdbool.h>
#include <sys/socket.h>

struct nl_reach {
    struct nl_networks private, allowed;
    bool anywhere; /* may be set: every address is allowed, since an operator named the host */
    bool refused;  /* for the caller: a connection to a private network was asked for */
};

/* `allowed` is as nl_networks_parse reads it; NULL: none. Close it, also after an error. */
NL_CHECKED enum nl_status nl_reach_open(const char *allowed, struct nl_reach *out,
                                        struct nl_error *err) NL_NONNULL(2, 3);
void nl_reach_close(struct nl_reach *reach);

/* Whether a connection may be made to an address. */
bool nl_reach_may(const struct nl_reach *reach, const struct sockaddr *address) NL_ALL_NONNULL;

#endif
