#include "newsletter/service/issue_report.h"

#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/statistics.h"
#include "newsletter/transfer/csv_line.h"

#include <stdio.h>
#include <string.h>

const char *const nl_report_figures[] = {"handed",     "delivered",    "bounced", "failed",
                                         "complaints", "unsubscribed", "replies", NULL};

/* Tenths of a percent, rounded; "" where there is nothing to compare with. */
static void percent(int64_t part, int64_t whole, char out[32]) {
    out[0] = '\0';
    if (whole <= 0)
        return;
    int64_t tenths = (part * 1000 + whole / 2) / whole;
    snprintf(out, 32, "%lld.%lld", (long long)tenths / 10, (long long)tenths % 10);
}

static enum nl_status add_figures(const struct nl_office *office, json_t *issue,
                                  struct nl_error *err) {
    const json_t *counts = json_object_get(issue, "deliveries");
    int64_t id = nl_facts_number(issue, "id");
    int64_t values[7] = {0};
    enum { HANDED, DELIVERED, BOUNCED, FAILED, COMPLAINTS, UNSUBSCRIBED, REPLIES };
    values[DELIVERED] = nl_facts_number(counts, "sent");
    values[BOUNCED] = nl_facts_number(counts, "bounced");
    values[FAILED] = nl_facts_number(counts, "failed") + nl_facts_number(counts, "unknown");
    values[HANDED] = values[DELIVERED] + values[BOUNCED] + values[FAILED];
    enum nl_status status = nl_statistics_complaints(office->store, id, &values[COMPLAINTS], err);
    if (status == NL_OK)
        status = nl_statistics_unsubscribed(office->store, id, &values[UNSUBSCRIBED], err);
    if (status == NL_OK)
        status = nl_statistics_replies(office->store, id, &values[REPLIES], err);
    json_t *figures = json_object();
    json_t *percents = json_object();
    for (size_t i = 0; nl_report_figures[i] != NULL; i++) {
        char text[32] = "";
        if (i != HANDED)
            percent(values[i], values[HANDED], text);
        json_object_set_new(figures, nl_report_figures[i], json_integer((json_int_t)values[i]));
        json_object_set_new(percents, nl_report_figures[i], json_string(text));
    }
    json_object_set_new(issue, "figures", figures);
    json_object_set_new(issue, "percent", percents);
    return status;
}

/* Issues that have begun. */
static bool is_told(const json_t *issue) {
    enum nl_issue_state state = NL_ISSUE_ANY;
    nl_issue_state_parse(nl_facts_word(issue, "state"), &state);
    return state != NL_ISSUE_DRAFT && state != NL_ISSUE_SCHEDULED;
}

static json_t *row_of(const json_t *issue) {
    static const char *const members[] = {"id", "title", "slug", "list", "state"};
    json_t *row = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set(row, members[i], json_object_get(issue, members[i]));
    json_object_set(row, "begun", json_object_get(issue, "created_at"));
    json_object_set(row, "deliveries", json_object_get(issue, "deliveries"));
    return row;
}

static enum nl_status add_rows(const struct nl_office *office, const json_t *issues, json_t *out,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t at = 0;
    const json_t *issue = NULL;
    json_array_foreach(issues, at, issue) {
        if (status != NL_OK || !is_told(issue) || json_array_size(out) == NL_REPORT_ISSUES)
            continue;
        json_t *row = row_of(issue);
        status = add_figures(office, row, err);
        json_object_del(row, "deliveries");
        json_array_append_new(out, row);
    }
    return status;
}

enum nl_status nl_office_issue_report(const struct nl_office *office, int64_t issue, json_t **out,
                                      struct nl_error *err) {
    const struct nl_issue_filter one = {.id = issue};
    json_t *found = json_array();
    json_t *before = json_array();
    *out = json_array();
    enum nl_status status = nl_facts_issues(office->store, &one, found, err);
    const json_t *first = json_array_get(found, 0);
    if (status == NL_OK && first == NULL)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such issue"));
    if (status == NL_OK && !is_told(first))
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("the issue is scheduled: there is no report yet"));
    const struct nl_issue_filter others = {.list = nl_facts_word(first, "list"),
                                           .before = issue,
                                           .limit = (int64_t)2 * NL_REPORT_ISSUES};
    if (status == NL_OK)
        status = nl_facts_issues(office->store, &others, before, err);
    if (status == NL_OK)
        status = add_rows(office, found, *out, err);
    if (status == NL_OK)
        status = add_rows(office, before, *out, err);
    json_decref(found);
    json_decref(before);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

void nl_issue_report_csv(const json_t *report, struct nl_buf *out) {
    static const char *const members[] = {"begun", "list", "slug", "title", "state"};
    size_t at = 0;
    const json_t *row = NULL;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        nl_csv_add(out, members[i], i == 0);
    for (size_t i = 0; nl_report_figures[i] != NULL; i++) {
        nl_csv_add(out, nl_report_figures[i], false);
        if (i > 0)
            nl_buf_addf(out, ",\"%s_percent\"", nl_report_figures[i]);
    }
    nl_csv_end(out);
    json_array_foreach(report, at, row) {
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            nl_csv_add(out, nl_facts_word(row, members[i]), i == 0);
        for (size_t i = 0; nl_report_figures[i] != NULL; i++) {
            const char *name = nl_report_figures[i];
            nl_buf_addf(out, ",%lld",
                        (long long)nl_facts_number(json_object_get(row, "figures"), name));
            if (i > 0)
                nl_buf_addf(out, ",%s", nl_facts_word(json_object_get(row, "percent"), name));
        }
        nl_csv_end(out);
    }
}
