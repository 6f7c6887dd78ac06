/* Our reputation with receivers: DMARC and TLS reports, and complaints. */
#ifndef NEWSLETTER_REPORT_REPUTATION_H
#define NEWSLETTER_REPORT_REPUTATION_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"
#include "newsletter/report/figures.h"

#include <jansson.h>

/* How many days, today among them, the figures are of. */
enum { NL_REPUTATION_DAYS = 30 };

/* Appends the figures of the last days: an object of JSON, or text, whose tables are at most
 * `width` columns wide. */
NL_CHECKED enum nl_status nl_reputation_write(struct nl_store *store, bool json, size_t width,
                                              struct nl_buf *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Sets "dmarc", "tls" and "complaints" for a page: the same figures, with shares and labels as
 * texts. */
NL_CHECKED enum nl_status nl_reputation_page(const struct nl_figures *self) NL_ALL_NONNULL;

#endif
