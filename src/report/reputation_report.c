#include "newsletter/report/reputation.h"

#include "newsletter/base/text_table.h"
#include "newsletter/report/facts.h"
#include "newsletter/template/data.h"
#include "newsletter/template/wrap.h"
#include "report/reputation_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- shares ---- */

/* "96.8 %", "-" of nothing. `of` is 100, or 1000 for complaints. */
static const char *share_text(char out[32], int64_t part, int64_t total, int64_t of) {
    double share = total > 0 ? (double)part * (double)of / (double)total : 0;
    if (total == 0)
        snprintf(out, 32, "-");
    else if (part < total && share > (double)of - 0.05)
        snprintf(out, 32, "%lld.9%s", (long long)of - 1, of == 100 ? " %" : ""); /* never 100 */
    else
        snprintf(out, 32, of == 100 ? "%.1f %%" : "%.2f", share);
    return out;
}

static const char *share_of(char out[32], const json_t *row, const char *part, const char *total) {
    return share_text(out, nl_facts_number(row, part), nl_facts_number(row, total), 100);
}

static long long count_of(const json_t *row, const char *name) {
    return (long long)nl_facts_number(row, name);
}

/* ---- as text ---- */

/* A table whose texts and numbers are named members of its rows; a name that begins with '%' is a
 * share, of the member that `total` names. */
static void write_table(const json_t *rows, const struct nl_table_column *columns,
                        const char *const *names, size_t count, const char *total, size_t width,
                        struct nl_buf *out) {
    struct nl_table table = {.columns = columns, .count = count};
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) {
        for (size_t i = 0; i < count; i++) {
            char share[32];
            const char *name = names[i];
            const char *word = nl_facts_word(row, name);
            if (name[0] == '%')
                nl_table_text(&table, share_of(share, row, name + 1, total));
            else if (columns[i].number)
                nl_table_number(&table, count_of(row, name));
            else
                nl_table_text(&table, word[0] != '\0' ? word : "-");
        }
    }
    nl_buf_addc(out, '\n');
    nl_table_print(&table, width, out);
    nl_table_free(&table);
}

enum { NAME = 16 };

static void write_days(const json_t *rows, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "DAY"},
        {.heading = "DOMAIN", .least = NAME},
        {.heading = "MESSAGES", .number = true},
        {.heading = "PASSED", .number = true},
        {.heading = "SPF", .number = true},
        {.heading = "DKIM", .number = true},
    };
    static const char *const names[] = {"day", "domain", "messages", "%passed", "%spf", "%dkim"};
    write_table(rows, columns, names, sizeof names / sizeof names[0], "messages", width, out);
}

static void write_sources(const json_t *rows, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "SOURCE", .least = NAME},
        {.heading = "DOMAIN", .least = NAME},
        {.heading = "KIND"},
        {.heading = "MESSAGES", .number = true},
        {.heading = "PASSED", .number = true},
        {.heading = "SPF", .number = true},
        {.heading = "DKIM", .number = true},
    };
    static const char *const names[] = {"source",  "domain", "kind", "messages",
                                        "%passed", "%spf",   "%dkim"};
    write_table(rows, columns, names, sizeof names / sizeof names[0], "messages", width, out);
    nl_plain_wrap(out,
                  "ours: SPF passes. signed: DKIM alone passes, as on forwarded mail. other: "
                  "neither passes, so somebody else sends in your name, or a server of yours is "
                  "not set up. rest: smaller sources together.",
                  "", "");
}

static void write_reporters(const json_t *rows, const char *total, size_t width,
                            struct nl_buf *out) {
    const struct nl_table_column columns[] = {
        {.heading = "REPORTER", .least = NAME},
        {.heading = "REPORTS", .number = true},
        {.heading = total, .number = true},
        {.heading = "PASSED", .number = true},
    };
    static const char *const names[] = {"reporter", "reports", "total", "%passed"};
    write_table(rows, columns, names, sizeof names / sizeof names[0], "total", width, out);
}

static void write_policies(const json_t *rows, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "POLICY", .least = NAME},
        {.heading = "FAILED BY", .least = NAME},
        {.heading = "SESSIONS", .number = true},
    };
    static const char *const names[] = {"policy", "reason", "sessions"};
    write_table(rows, columns, names, sizeof names / sizeof names[0], "", width, out);
}

static void write_complained_issues(const json_t *issues, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "ISSUE", .least = NAME},
        {.heading = "SENT", .number = true},
        {.heading = "COMPLAINTS", .number = true},
        {.heading = "PER THOUSAND", .number = true},
    };
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(issues, at, row) {
        char share[32];
        nl_table_text(&table, nl_facts_word(row, "slug"));
        nl_table_number(&table, count_of(row, "sent"));
        nl_table_number(&table, count_of(row, "complaints"));
        nl_table_text(&table,
                      share_text(share, count_of(row, "complaints"), count_of(row, "sent"), 1000));
    }
    nl_buf_addc(out, '\n');
    nl_table_print(&table, width, out);
    nl_table_free(&table);
}

static void write_complaints(const json_t *complaints, size_t width, struct nl_buf *out) {
    static const struct nl_table_column columns[] = {
        {.heading = "PROVIDER", .least = NAME},
        {.heading = "COMPLAINTS", .number = true},
        {.heading = "LAST"},
    };
    static const char *const names[] = {"provider", "complaints", "last_day"};
    nl_buf_adds(out, "\nComplaints\n");
    write_table(json_object_get(complaints, "providers"), columns, names,
                sizeof names / sizeof names[0], "", width, out);
    write_complained_issues(json_object_get(complaints, "issues"), width, out);
}

static void write_text(const json_t *facts, size_t width, struct nl_buf *out) {
    const json_t *dmarc = json_object_get(facts, "dmarc");
    const json_t *tls = json_object_get(facts, "tls");
    struct nl_buf text = {0};
    nl_buf_addf(&text, "Reports about us, of days since %s. %s", nl_facts_word(facts, "since"),
                nl_reputation_note);
    nl_plain_wrap(out, nl_buf_text(&text), "", "");
    nl_buf_free(&text);
    nl_buf_adds(out, "\nMail in our name (DMARC)\n");
    if (json_array_size(json_object_get(dmarc, "days")) == 0) {
        nl_plain_wrap(out,
                      "No report came: add rua=mailto: to the DMARC record of your domain, with "
                      "the address whose mail 'newsletter bounce' reads.",
                      "", "");
    } else {
        write_days(json_object_get(dmarc, "days"), width, out);
        write_sources(json_object_get(dmarc, "sources"), width, out);
        write_reporters(json_object_get(dmarc, "reporters"), "MESSAGES", width, out);
    }
    if (json_array_size(json_object_get(tls, "policies")) > 0) {
        nl_buf_adds(out, "\nEncryption on the way to us (SMTP TLS reports)\n");
        write_policies(json_object_get(tls, "policies"), width, out);
        write_reporters(json_object_get(tls, "reporters"), "SESSIONS", width, out);
    }
    write_complaints(json_object_get(facts, "complaints"), width, out);
}

enum nl_status nl_reputation_write(struct nl_store *store, bool json, size_t width,
                                   struct nl_buf *out, struct nl_error *err) {
    json_t *facts = json_object();
    enum nl_status status = nl_reputation_facts(store, facts, err);
    if (status == NL_OK && json) {
        char *text = json_dumps(facts, JSON_INDENT(2));
        nl_buf_addf(out, "%s\n", text);
        free(text);
    } else if (status == NL_OK) {
        write_text(facts, width, out);
    }
    json_decref(facts);
    return status;
}

/* ---- as a page ---- */

static const struct {
    const char *kind, *label;
} kinds[] = {
    {"ours", NL_TEXT("Ours")},
    {"signed", NL_TEXT("Signed by us")},
    {"other", NL_TEXT("Someone else")},
    {"rest", NL_TEXT("All others")},
};

static void set_shares(json_t *rows, const char *total) {
    static const char *const parts[][2] = {
        {"passed", "passed_share"}, {"spf", "spf_share"}, {"dkim", "dkim_share"}};
    char share[32];
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) {
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            nl_data_set(row, parts[i][1], share_of(share, row, parts[i][0], total));
    }
}

static void set_kinds(const struct nl_figures *self, json_t *rows) {
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) {
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strcmp(kinds[i].kind, nl_facts_word(row, "kind")) == 0)
                nl_data_set(row, "kind_label",
                            nl_catalog_text(self->theme->catalog, NULL, kinds[i].label));
    }
}

static void set_rates(json_t *issues) {
    char share[32];
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(issues, at, row) nl_data_set(
        row, "rate", share_text(share, count_of(row, "complaints"), count_of(row, "sent"), 1000));
}

/* Whether a template shows a table. */
static void set_presence(json_t *object, const char *rows, const char *name) {
    json_object_set_new(object, name,
                        json_boolean(json_array_size(json_object_get(object, rows)) > 0));
}

enum nl_status nl_reputation_page(const struct nl_figures *self) {
    enum nl_status status = nl_reputation_facts(self->store, self->data, self->err);
    json_t *dmarc = json_object_get(self->data, "dmarc");
    json_t *tls = json_object_get(self->data, "tls");
    json_t *complaints = json_object_get(self->data, "complaints");
    set_shares(json_object_get(dmarc, "days"), "messages");
    set_shares(json_object_get(dmarc, "sources"), "messages");
    set_shares(json_object_get(dmarc, "reporters"), "total");
    set_shares(json_object_get(tls, "reporters"), "total");
    set_kinds(self, json_object_get(dmarc, "sources"));
    set_rates(json_object_get(complaints, "issues"));
    set_presence(dmarc, "days", "any");
    set_presence(tls, "policies", "any");
    set_presence(complaints, "providers", "any_providers");
    set_presence(complaints, "issues", "any_issues");
    return status;
}
