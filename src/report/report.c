#include "newsletter/report/report.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/text_table.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/zone.h"
#include "newsletter/config/identity.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/store/list.h"
#include "newsletter/store/statistics.h"
#include "newsletter/template/data.h"
#include "newsletter/template/wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ISSUES = 50, DOMAINS = 20, REASONS = 20, MINUTE = 60 };

static long long count_of(const json_t *object, const char *name) {
    return (long long)nl_facts_number(object, name);
}

/* ---- facts ---- */

static enum nl_status gather_issue(struct nl_store *store, int64_t id, json_t *out,
                                   struct nl_error *err) {
    const struct nl_issue_filter filter = {.id = id};
    json_t *issues = json_array();
    json_t *domains = json_array();
    json_t *reasons = json_array();
    json_t *timeline = json_array();
    int64_t unsubscribed = 0;
    enum nl_status status = nl_facts_issues(store, &filter, issues, err);
    if (status == NL_OK && json_array_size(issues) == 0)
        status = nl_error_set(err, NL_NOTFOUND, "there is no such issue");
    if (status == NL_OK)
        status = nl_facts_domains(store, id, DOMAINS, domains, err);
    if (status == NL_OK)
        status = nl_facts_reasons(store, id, reasons, err);
    if (status == NL_OK)
        status = nl_facts_timeline(store, id, MINUTE, timeline, err);
    if (status == NL_OK)
        status = nl_statistics_unsubscribed(store, id, &unsubscribed, err);
    json_object_set(out, "issue", json_array_get(issues, 0));
    if (status == NL_OK)
        status = nl_facts_subjects(store, id, out, err);
    json_object_set_new(out, "unsubscribed", json_integer((json_int_t)unsubscribed));
    json_object_set_new(out, "domains", domains);
    json_object_set_new(out, "reasons", reasons);
    json_object_set_new(out, "timeline", timeline);
    json_decref(issues);
    return status;
}

static enum nl_status gather_overview(struct nl_store *store, const char *list, json_t *out,
                                      struct nl_error *err) {
    const struct nl_issue_filter filter = {.list = list, .limit = ISSUES};
    json_t *lists = json_array();
    json_t *issues = json_array();
    size_t at = 0;
    json_t *issue = NULL;
    enum nl_status status = nl_facts_lists(store, list, lists, err);
    if (status == NL_OK && list != NULL && json_array_size(lists) == 0)
        status = nl_error_set(err, NL_NOTFOUND, "there is no list '%s'", list);
    if (status == NL_OK)
        status = nl_facts_issues(store, &filter, issues, err);
    json_array_foreach(issues, at, issue) {
        int64_t unsubscribed = 0;
        if (status == NL_OK)
            status = nl_statistics_unsubscribed(store, count_of(issue, "id"), &unsubscribed, err);
        json_object_set_new(issue, "unsubscribed", json_integer((json_int_t)unsubscribed));
    }
    json_object_set_new(out, "lists", lists);
    json_object_set_new(out, "issues", issues);
    return status;
}

/* ---- as text ---- */

static void write_states(const json_t *counts, struct nl_buf *out) {
    const char *state = NULL;
    json_t *count = NULL;
    json_object_foreach((json_t *)counts, state, count) {
        if (json_integer_value(count) > 0)
            nl_buf_addf(out, "  %-12s %8lld\n", state, (long long)json_integer_value(count));
    }
}

/* A line of its own, or several, for a text of any length. */
static void write_wrapped(const char *text, const char *rest, struct nl_buf *out) {
    nl_plain_wrap(out, text, "", rest);
}

static const char *const states[] = {"sent",    "queued", "leased",  "deferred",
                                     "bounced", "failed", "unknown", "skipped"};

/* A row for each, with its name and its counts by state. */
struct tally {
    const char *name, *counts; /* members of a row */
    const char *const *states; /* in the order of the columns */
    size_t count;
};

static void add_tallies(const json_t *rows, const struct tally *tally, struct nl_table *table) {
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) {
        const json_t *counts = json_object_get(row, tally->counts);
        nl_table_text(table, nl_facts_word(row, tally->name));
        for (size_t i = 0; i < tally->count; i++)
            nl_table_number(table, count_of(counts, tally->states[i]));
    }
}

static void write_domains(const json_t *domains, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "DOMAIN", .least = 16},      {.heading = "SENT", .number = true},
        {.heading = "QUEUED", .number = true},   {.heading = "LEASED", .number = true},
        {.heading = "DEFERRED", .number = true}, {.heading = "BOUNCED", .number = true},
        {.heading = "FAILED", .number = true},   {.heading = "UNKNOWN", .number = true},
        {.heading = "SKIPPED", .number = true},
    };
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    const struct tally tally = {"domain", "deliveries", states, sizeof states / sizeof states[0]};
    add_tallies(domains, &tally, &table);
    nl_table_print(&table, width, out);
    nl_table_free(&table);
}

static void write_reasons(const json_t *reasons, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {{.heading = "REASON", .least = 12},
                                                     {.heading = "KIND"},
                                                     {.heading = "COUNT", .number = true}};
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(reasons, at, row) {
        nl_table_text(&table, nl_facts_word(row, "reason"));
        nl_table_text(&table, nl_facts_word(row, "kind"));
        nl_table_number(&table, count_of(row, "count"));
    }
    nl_table_print(&table, width, out);
    nl_table_free(&table);
}

static void write_subject(const json_t *row, size_t number, struct nl_buf *out) {
    struct nl_buf line = {0};
    nl_buf_addf(&line, "%zu: %s", number, nl_facts_word(row, "subject"));
    write_wrapped(nl_buf_text(&line), "   ", out);
    nl_buf_addf(out, "   %lld sent, %lld left, %lld answered%s\n", count_of(row, "sent"),
                count_of(row, "left"), count_of(row, "replied"),
                json_is_true(json_object_get(row, "chosen")) ? " (chosen)" : "");
    nl_buf_free(&line);
}

static void write_issue_text(const json_t *facts, size_t width, struct nl_buf *out) {
    const json_t *issue = json_object_get(facts, "issue");
    size_t at = 0;
    int64_t since = 0;
    char when[NL_ZONE_TEXT_LEN] = "";
    json_t *row = NULL;
    if (nl_timestamp_parse(nl_facts_word(issue, "created_at"), &since))
        nl_zone_text(since, NULL, when);
    write_wrapped(nl_facts_word(issue, "title"), "", out);
    nl_buf_addf(out, "%s\nlist %s, %s since %s\n\nDeliveries\n", nl_facts_word(issue, "slug"),
                nl_facts_word(issue, "list"), nl_facts_word(issue, "state"), when);
    write_states(json_object_get(issue, "deliveries"), out);
    nl_buf_addf(out, "Unsubscribed after this issue: %lld\n", count_of(facts, "unsubscribed"));
    if (json_array_size(json_object_get(facts, "subjects")) > 0)
        nl_buf_adds(out, "\nBy subject, on the sample\n");
    json_array_foreach(json_object_get(facts, "subjects"), at, row) write_subject(row, at + 1, out);
    nl_buf_adds(out, "\nBy domain\n");
    write_domains(json_object_get(facts, "domains"), width, out);
    if (json_array_size(json_object_get(facts, "reasons")) > 0)
        nl_buf_adds(out, "\nReturned and refused\n");
    if (json_array_size(json_object_get(facts, "reasons")) > 0)
        write_reasons(json_object_get(facts, "reasons"), width, out);
}

static void write_lists(const json_t *lists, size_t width, struct nl_buf *out) {
    static const char *const states[] = {"active", "pending", "unsubscribed", "bounced",
                                         "complained"};
    static const struct nl_table_column columns[] = {
        {.heading = "LIST", .least = 12},       {.heading = "ACTIVE", .number = true},
        {.heading = "PENDING", .number = true}, {.heading = "UNSUBSCRIBED", .number = true},
        {.heading = "BOUNCED", .number = true}, {.heading = "COMPLAINED", .number = true},
    };
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    const struct tally tally = {"name", "subscriptions", states, sizeof states / sizeof states[0]};
    add_tallies(lists, &tally, &table);
    nl_table_print(&table, width, out);
    nl_table_free(&table);
}

static void write_issues(const json_t *issues, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "ISSUE", .least = 12},
        {.heading = "STATE"},
        {.heading = "SINCE"},
        {.heading = "SENT", .number = true},
        {.heading = "BOUNCED", .number = true},
        {.heading = "UNSUBSCRIBED", .number = true},
    };
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(issues, at, row) {
        const json_t *counts = json_object_get(row, "deliveries");
        char day[NL_DAY_LEN + 1];
        snprintf(day, sizeof day, "%s", nl_facts_word(row, "created_at"));
        nl_table_text(&table, nl_facts_word(row, "slug"));
        nl_table_text(&table, nl_facts_word(row, "state"));
        nl_table_text(&table, day);
        nl_table_number(&table, count_of(counts, "sent"));
        nl_table_number(&table, count_of(counts, "bounced"));
        nl_table_number(&table, count_of(row, "unsubscribed"));
    }
    nl_table_print(&table, width, out);
    nl_table_free(&table);
}

static void write_overview_text(const json_t *facts, size_t width, struct nl_buf *out) {
    write_lists(json_object_get(facts, "lists"), width, out);
    nl_buf_addc(out, '\n');
    write_issues(json_object_get(facts, "issues"), width, out);
}

/* ---- as a page ---- */

static void set_common(const struct nl_figures *figures, const char *heading) {
    char now[NL_TIMESTAMP_LEN];
    nl_timestamp_text(nl_store_now(figures->store), now);
    now[10] = ' '; /* 2026-08-25 09:30 */
    now[16] = '\0';
    nl_data_set(figures->data, "heading", heading);
    nl_data_set(figures->data, "stylesheet", "");
    json_object_set_new(figures->data, "feed", json_false());
    nl_data_set(figures->data, "now", now);
}

static enum nl_status fill_issue_page(const struct nl_figures *figures, const json_t *facts) {
    json_t *issue = json_object_get(facts, "issue");
    nl_figures_row(figures, issue);
    set_common(figures, nl_facts_word(issue, "title"));
    json_object_set(figures->data, "issue", issue);
    json_object_set_new(figures->data, "issues", json_false());
    nl_data_set(figures->data, "growth", "");
    return nl_figures_issue(figures, issue);
}

static enum nl_status fill_overview_page(const struct nl_figures *figures, const json_t *facts,
                                         const char *name) {
    struct nl_list list = {0};
    size_t at = 0;
    json_t *issue = NULL;
    json_t *issues = json_object_get(facts, "issues");
    enum nl_status status =
        name != NULL ? nl_list_find(figures->store, name, &list, figures->err) : NL_OK;
    json_array_foreach(issues, at, issue) nl_figures_row(figures, issue);
    set_common(figures, list.title != NULL
                            ? list.title
                            : nl_catalog_text(figures->theme->catalog, NULL, NL_TEXT("Overview")));
    json_object_set_new(figures->data, "issue", json_false());
    json_object_set_new(figures->data, "issues", json_pack("{s:O}", "rows", issues));
    if (status == NL_OK)
        status = nl_figures_growth(figures, list.id);
    nl_list_free(&list);
    return status;
}

/* The picture within the page itself; nothing for no picture. */
static enum nl_status add_logo(const char *path, struct nl_buf *out, struct nl_error *err) {
    struct nl_buf data = {0};
    const char *type = NULL;
    if (path == NULL)
        return NL_OK;
    enum nl_status status = nl_identity_logo(path, &data, &type, err);
    if (status == NL_OK) {
        nl_buf_addf(out, "data:%s;base64,", type);
        nl_base64_add(out, data.data, data.len);
    }
    nl_buf_free(&data);
    return status;
}

/* The list that a report is about; NULL for all. */
static const char *list_of(const json_t *facts, const char *list) {
    const json_t *issue = json_object_get(facts, "issue");
    return issue != NULL ? nl_facts_word(issue, "list") : list;
}

static enum nl_status add_identity(const struct nl_config *config, const char *list,
                                   const struct nl_theme *theme, json_t *data,
                                   struct nl_error *err) {
    struct nl_identity identity = {0};
    struct nl_buf logo = {0};
    struct nl_buf dark = {0};
    nl_identity_of(config, list, nl_catalog_language(theme->catalog), &identity);
    enum nl_status status = add_logo(identity.logo, &logo, err);
    if (status == NL_OK)
        status = add_logo(identity.logo_dark, &dark, err);
    nl_data_identity(data, &identity, nl_buf_text(&logo), nl_buf_text(&dark));
    nl_buf_free(&logo);
    nl_buf_free(&dark);
    return status;
}

/* The name of the organisation, above a report in words. */
static void write_name(const struct nl_config *config, const char *list, struct nl_buf *out) {
    struct nl_identity identity = {0};
    nl_identity_of(config, list, "en", &identity);
    if (identity.name[0] == '\0')
        return;
    write_wrapped(identity.name, "", out);
    nl_buf_addc(out, '\n');
}

static enum nl_status write_page(struct nl_store *store, const struct nl_config *config,
                                 const json_t *facts, const char *list, const char *language,
                                 struct nl_buf *out, struct nl_error *err) {
    static const struct nl_list none = {0};
    struct nl_theme theme = {0};
    enum nl_status status = nl_theme_open(config->templates, language, &theme, err);
    if (status == NL_OK) {
        json_t *data = nl_data_new(&none, nl_catalog_language(theme.catalog));
        const struct nl_figures figures = {store, &theme, data, err};
        status = json_object_get(facts, "issue") != NULL
                     ? fill_issue_page(&figures, facts)
                     : fill_overview_page(&figures, facts, list);
        if (status == NL_OK)
            status = add_identity(config, list_of(facts, list), &theme, data, err);
        if (status == NL_OK)
            status = nl_theme_render(&theme, "report.html", data, out, err);
        json_decref(data);
    }
    nl_theme_free(&theme);
    return status;
}

enum nl_status nl_report_write(struct nl_store *store, const struct nl_config *config,
                               int64_t issue, const char *list, enum nl_report_form form,
                               const char *language, size_t width, struct nl_buf *out,
                               struct nl_error *err) {
    json_t *facts = json_object();
    enum nl_status status = issue != 0 ? gather_issue(store, issue, facts, err)
                                       : gather_overview(store, list, facts, err);
    if (status == NL_OK && form == NL_REPORT_HTML) {
        status = write_page(store, config, facts, list, language, out, err);
    } else if (status == NL_OK && form == NL_REPORT_JSON) {
        char *text = json_dumps(facts, JSON_INDENT(2));
        nl_buf_addf(out, "%s\n", text);
        free(text);
    } else if (status == NL_OK) {
        write_name(config, list_of(facts, list), out);
        (issue != 0 ? write_issue_text : write_overview_text)(facts, width, out);
    }
    json_decref(facts);
    return status;
}
