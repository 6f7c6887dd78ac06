/* The hosts that links lead to, as filters look at them. */
#ifndef BULLETIN_LINK_HOST_H
#define BULLETIN_LINK_HOST_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>

/* Whether one of two domains is the other or lies below it: DMARC's relaxed alignment (RFC 7489
 * section 3.1), as far as that can be told without a list of public suffixes. */
bool nl_host_aligns(const char *a, const char *b) NL_ALL_NONNULL;

/* The host of an http(s) URL, to be freed; NULL for other URLs. */
char *nl_host_of_url(const char *url) NL_ALL_NONNULL;

/* Whether it is an IP address. */
bool nl_host_is_numeric(const char *host) NL_ALL_NONNULL;

/* Whether it shortens the links of others. */
bool nl_host_is_shortener(const char *host) NL_ALL_NONNULL;

/* Whether no reader can reach it: a name of one label, or below a domain that is not public. */
bool nl_host_is_unreachable(const char *host) NL_ALL_NONNULL;

#endif
