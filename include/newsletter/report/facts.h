/* Facts about lists and issues as JSON, for the answers of the API and for the dashboard. Times are
 * RFC 3339 in UTC; null if the event has not happened. */
#ifndef NEWSLETTER_REPORT_FACTS_H
#define NEWSLETTER_REPORT_FACTS_H

#include "newsletter/db/handle.h"
#include "newsletter/store/issue.h"

#include <jansson.h>
#include <stdbool.h>

/* Each appends objects to `out`, an array. */
NL_CHECKED enum nl_status nl_facts_lists(struct nl_store *store, const char *name, json_t *out,
                                         struct nl_error *err) NL_NONNULL(1, 4);
NL_CHECKED enum nl_status nl_facts_growth(struct nl_store *store, int64_t list, json_t *out,
                                          struct nl_error *err) NL_NONNULL(1, 4);
NL_CHECKED enum nl_status nl_facts_issues(struct nl_store *store,
                                          const struct nl_issue_filter *filter, json_t *out,
                                          struct nl_error *err) NL_NONNULL(1, 2, 4);
NL_CHECKED enum nl_status nl_facts_domains(struct nl_store *store, int64_t issue, int64_t limit,
                                           json_t *out, struct nl_error *err) NL_NONNULL(1, 5);
NL_CHECKED enum nl_status nl_facts_reasons(struct nl_store *store, int64_t issue, json_t *out,
                                           struct nl_error *err) NL_NONNULL(1, 4);
NL_CHECKED enum nl_status nl_facts_timeline(struct nl_store *store, int64_t issue, int64_t seconds,
                                            json_t *out, struct nl_error *err) NL_NONNULL(1, 5);
NL_CHECKED enum nl_status nl_facts_deliveries(struct nl_store *store, int64_t issue,
                                              enum nl_delivery_state state, int64_t after,
                                              int64_t limit, json_t *out, struct nl_error *err)
    NL_NONNULL(1, 7);

/* Deliveries by state; `issue` 0 for the notices. *out is the caller's. */
NL_CHECKED enum nl_status nl_facts_counts(struct nl_store *store, int64_t issue, json_t **out,
                                          struct nl_error *err) NL_NONNULL(1, 4);

/* A text of an object ("" if it has none), and a number. */
const char *nl_facts_word(const json_t *object, const char *name) NL_NONNULL(2);
int64_t nl_facts_number(const json_t *object, const char *name) NL_NONNULL(2);

/* "2026-08-25T09:30:00Z", or null for 0. */
json_t *nl_facts_time(int64_t at);

/* The canary of an issue: how many get it first, its state, what became of the sample and the
 * seeds, and what was found; null where it has none. The caller frees *out. */
NL_CHECKED enum nl_status nl_facts_canary(struct nl_store *store, int64_t issue, json_t **out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Sets "subjects": the results of each of an issue's two subjects on the sample; [] for an issue
 * with one. */
NL_CHECKED enum nl_status nl_facts_subjects(struct nl_store *store, int64_t issue, json_t *out,
                                            struct nl_error *err) NL_NONNULL(1, 4);

#endif
