/* Figures and charts of lists and issues, as templates show them: for the dashboard and for
 * reports. */
#ifndef NEWSLETTER_REPORT_FIGURES_H
#define NEWSLETTER_REPORT_FIGURES_H

#include "newsletter/db/handle.h"
#include "newsletter/template/theme.h"

#include <jansson.h>

/* All borrowed. The functions add their results to `data`. */
struct nl_figures {
    struct nl_store *store;
    const struct nl_theme *theme;
    json_t *data;
    struct nl_error *err;
};

/* Sets "growth": a chart of the number of subscribers of a list (0: of all lists) over time. */
NL_CHECKED enum nl_status nl_figures_growth(const struct nl_figures *self,
                                            int64_t list) NL_ALL_NONNULL;

/* Adds the members that a row in a list of issues shows to an issue of nl_facts_issues: "since",
 * "state_label", "done", "total", "going". */
void nl_figures_row(const struct nl_figures *self, json_t *issue) NL_NONNULL(1);

/* Sets a member to "2026-08-25 09:30", of "2026-08-25T09:30:00Z" in `member` of `from`; to "" where
 * nothing has happened. */
void nl_figures_set_time(json_t *object, const char *name, const json_t *from, const char *member)
    NL_NONNULL(1, 2, 4);

/* Sets "label" and "kind_label" of an object with "reason" and "kind" of a bounce: both in words,
 * in the language of the catalog (NULL: English). */
void nl_figures_label_reason(const struct nl_catalog *catalog, json_t *reason) NL_NONNULL(2);

/* The name of a state of a delivery, in the language of the catalog (NULL: English). */
const char *nl_figures_state_label(const struct nl_catalog *catalog, const char *state)
    NL_NONNULL(2);

/* The same for the state of an issue. */
const char *nl_figures_issue_label(const struct nl_catalog *catalog, const char *state)
    NL_NONNULL(2);

/* Sets the results of an issue of nl_facts_issues: "states", "unsubscribed", "course", "domains",
 * "reasons", "addresses", and the charts. */
NL_CHECKED enum nl_status nl_figures_issue(const struct nl_figures *self, const json_t *issue)
    NL_NONNULL(1);

#endif
