/* Every request by HTTP that we make to a server which others may have named. */
#ifndef NEWSLETTER_HTTP_CLIENT_H
#define NEWSLETTER_HTTP_CLIENT_H

#include "newsletter/base/reach.h"

#include <curl/curl.h>

/* How many seconds a request may take. */
struct nl_http_patience {
    long connect, total;
};

/* Sets what all requests have: HTTP alone, no redirects (which would lead past what was checked),
 * no login from a file, no signals, bounds of time, our name. */
void nl_http_prepare(CURL *curl, const struct nl_http_patience *patience) NL_ALL_NONNULL;

/* Confines the connections of a request to where `reach` leads: the address counts to which one is
 * really made, whatever the name said before, so that no proxy is used either. reach->refused tells
 * of one that was not allowed. `reach` lives as long as the request. */
void nl_http_confine(CURL *curl, struct nl_reach *reach) NL_ALL_NONNULL;

#endif
