/* Direct delivery by mailbox provider. */
#ifndef NEWSLETTER_REPORT_PROVIDER_REPORT_H
#define NEWSLETTER_REPORT_PROVIDER_REPORT_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* How many days, today among them, the figures are of. */
enum { NL_PROVIDER_REPORT_DAYS = 30 };

/* The figures of the last days, the largest provider first: since, and providers with provider,
 * attempts, sent, deferred, bounced and throttled. The caller frees `out`, also after an error. */
NL_CHECKED enum nl_status nl_provider_facts(struct nl_store *store, json_t **out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Appends the figures of the last days: an object of JSON, or a table that is at most `width`
 * columns wide. */
NL_CHECKED enum nl_status nl_provider_report_write(struct nl_store *store, bool json, size_t width,
                                                   struct nl_buf *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
