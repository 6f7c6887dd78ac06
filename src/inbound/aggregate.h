/* Shared by the readers of reports about us: a report while it is being read. */
#ifndef NL_INBOUND_AGGREGATE_H
#define NL_INBOUND_AGGREGATE_H

#include "newsletter/base/buf.h"
#include "newsletter/store/reputation.h"

/* No report has more records than NL_AGGREGATE_RECORDS, nor a larger number than NL_AGGREGATE_COUNT
 * in one. Of more rows than NL_AGGREGATE_ROWS the rest is summed up by domain, and what is beyond
 * NL_AGGREGATE_RESTS such sums is left out. */
enum {
    NL_AGGREGATE_RECORDS = 50000,
    NL_AGGREGATE_ROWS = 2000,
    NL_AGGREGATE_RESTS = 100,
    NL_AGGREGATE_COUNT = 1000000000,
};

/* Begins a report. Free what is at `out` with nl_aggregate_free. */
enum nl_status nl_aggregate_new(enum nl_reputation_kind kind, struct nl_reputation_report **out,
                                struct nl_error *err);
void nl_aggregate_free(struct nl_reputation_report *report);

/* Notes who made the report and how it calls it, as far as is known: both say whether it came
 * before. */
void nl_aggregate_name(struct nl_reputation_report *report, const char *reporter,
                       const char *identifier);

/* Adds numbers to the row of that domain, source and reason. False for what is not a domain name.
 */
bool nl_aggregate_add(struct nl_reputation_report *report, const struct nl_reputation_row *row);

/* Puts the largest rows first; nothing is added after that. */
void nl_aggregate_sort(struct nl_reputation_report *report);

/* Reads a DMARC aggregate report (RFC 9990 appendix A, RFC 7489 appendix C) and a TLS report (RFC
 * 8460 section 4). *out stays NULL for a text that is not a report, and NL_DATA says what is wrong
 * with one that is. `text` ends with a NUL that `len` does not count. */
enum nl_status nl_dmarc_report_read(const char *text, size_t len, struct nl_reputation_report **out,
                                    struct nl_error *err);
enum nl_status nl_tls_report_read(const char *text, size_t len, struct nl_reputation_report **out,
                                  struct nl_error *err);

#endif
