/* The mail providers that we know: where our token travels, and what to set up there. */
#ifndef NEWSLETTER_INBOUND_PROVIDER_H
#define NEWSLETTER_INBOUND_PROVIDER_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* The part of the token after its @: it names no host. */
#define NL_PROVIDER_TOKEN_DOMAIN "newsletter"

enum { NL_PROVIDER_STEPS = 6 };

struct nl_provider_guide {
    const char *title;                              /* "Amazon SES" */
    const char *proof;                              /* how its reports are verified */
    const char *events;                             /* which ones to choose there, in its words */
    const char *steps[NL_PROVIDER_STEPS];           /* how to set it up; NULL after the last */
    const char *field, *before_token, *after_token; /* the header field that our token travels in */
    bool by_login;                                  /* its reports carry a secret */
    bool rewrites; /* it replaces fields that our DKIM signature covers */
};

/* `provider` is an enum nl_provider other than NL_PROVIDER_NONE. */
const struct nl_provider_guide *nl_provider_guide(int64_t provider);

/* Appends the line of the header, with CRLF, that takes the token of one mail along and comes back
 * with a report about it. Adds nothing for NL_PROVIDER_NONE. */
void nl_provider_add_field(int64_t provider, const char *token, struct nl_buf *out) NL_ALL_NONNULL;

#endif
