/* Figures for Prometheus. */
#ifndef NEWSLETTER_REPORT_METRICS_H
#define NEWSLETTER_REPORT_METRICS_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"

/* Appends them in the text format (version 0.0.4): for a scrape, or as the node exporter's
 * textfile. */
NL_CHECKED enum nl_status nl_metrics_write(struct nl_store *store, struct nl_buf *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
