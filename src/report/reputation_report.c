#include "newsletter/base/timestamp.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/reputation.h"
#include "newsletter/store/reputation.h"
#include "newsletter/template/data.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400, ROWS = 50, ISSUES = 20 };

static const char note[] = "Anybody can mail such reports to us: take these figures as hints, not "
                           "as proof.";

static json_t *json_number(int64_t value) {
    return json_integer((json_int_t)value);
}

/* "2026-08-25" of a day's first second. */
static json_t *json_day(int64_t at) {
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(at, text);
    return json_stringn(text, strnlen(text, 10));
}

/* ---- facts ---- */

/* The party that sends from an address: SPF names the hosts of a domain's owner; a signature alone
 * is also on mail that somebody forwarded. */
static const char *kind_of(const struct nl_reputation_figure *figure) {
    return figure->source[0] == '\0' ? "rest"
           : figure->spf > 0         ? "ours"
           : figure->dkim > 0        ? "signed"
                                     : "other";
}

static json_t *with_counts(json_t *object, const struct nl_reputation_figure *figure) {
    json_object_set_new(object, "messages", json_number(figure->total));
    json_object_set_new(object, "passed", json_number(figure->passed));
    json_object_set_new(object, "spf", json_number(figure->spf));
    json_object_set_new(object, "dkim", json_number(figure->dkim));
    return object;
}

static enum nl_status add_day(const struct nl_reputation_figure *figure, void *ctx,
                              struct nl_error *err) {
    (void)err;
    json_t *row = json_pack("{s:o, s:s}", "day", json_day(figure->day), "domain", figure->domain);
    json_array_append_new(ctx, with_counts(row, figure));
    return NL_OK;
}

static enum nl_status add_source(const struct nl_reputation_figure *figure, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:o}", "source", figure->source, "domain", figure->domain,
                  "kind", kind_of(figure), "last_day", json_day(figure->day));
    json_array_append_new(ctx, with_counts(row, figure));
    return NL_OK;
}

static enum nl_status add_reporter(const struct nl_reputation_figure *figure, void *ctx,
                                   struct nl_error *err) {
    (void)err;
    json_array_append_new(
        ctx, json_pack("{s:s, s:o, s:o, s:o, s:o}", "reporter", figure->reporter, "reports",
                       json_number(figure->reports), "total", json_number(figure->total), "passed",
                       json_number(figure->passed), "last_day", json_day(figure->day)));
    return NL_OK;
}

static enum nl_status add_reason(const struct nl_reputation_figure *figure, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx, json_pack("{s:s, s:s, s:o}", "policy", figure->source, "reason",
                                         figure->reason, "sessions", json_number(figure->total)));
    return NL_OK;
}

static enum nl_status add_provider(const struct nl_reputation_figure *figure, void *ctx,
                                   struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx,
                          json_pack("{s:s, s:o, s:o}", "provider", figure->reporter, "complaints",
                                    json_number(figure->total), "last_day", json_day(figure->day)));
    return NL_OK;
}

struct group {
    const char *name;
    enum nl_reputation_kind kind;
    enum nl_reputation_group group;
    int64_t limit; /* rows; 0: all */
    nl_reputation_visit *add;
};

static enum nl_status gather_kind(struct nl_store *store, int64_t since, const struct group *groups,
                                  size_t count, json_t *out, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        json_t *rows = json_array();
        status = nl_reputation_each(store, groups[i].kind, groups[i].group, since, groups[i].limit,
                                    groups[i].add, rows, err);
        json_object_set_new(out, groups[i].name, rows);
    }
    return status;
}

/* Issues that went out, the latest first, with the complaints about each. */
static enum nl_status gather_issues(struct nl_store *store, json_t *out, struct nl_error *err) {
    const struct nl_issue_filter filter = {.limit = ISSUES};
    json_t *issues = json_array();
    size_t at = 0;
    json_t *issue = NULL;
    enum nl_status status = nl_facts_issues(store, &filter, issues, err);
    json_array_foreach(issues, at, issue) {
        int64_t complaints = 0;
        int64_t sent = nl_facts_number(json_object_get(issue, "deliveries"), "sent");
        if (status == NL_OK)
            status = nl_reputation_issue(store, nl_facts_number(issue, "id"), &complaints, err);
        if (sent > 0)
            json_array_append_new(
                out,
                json_pack("{s:O, s:O, s:O, s:O, s:o, s:o}", "id", json_object_get(issue, "id"),
                          "list", json_object_get(issue, "list"), "slug",
                          json_object_get(issue, "slug"), "title", json_object_get(issue, "title"),
                          "sent", json_number(sent), "complaints", json_number(complaints)));
    }
    json_decref(issues);
    return status;
}

static enum nl_status gather(struct nl_store *store, json_t *out, struct nl_error *err) {
    static const struct group dmarc[] = {
        {"days", NL_REPUTATION_DMARC, NL_REPUTATION_BY_DAY, 0, add_day},
        {"sources", NL_REPUTATION_DMARC, NL_REPUTATION_BY_SOURCE, ROWS, add_source},
        {"reporters", NL_REPUTATION_DMARC, NL_REPUTATION_BY_REPORTER, ROWS, add_reporter}};
    static const struct group tls[] = {
        {"policies", NL_REPUTATION_TLS, NL_REPUTATION_BY_REASON, 0, add_reason},
        {"reporters", NL_REPUTATION_TLS, NL_REPUTATION_BY_REPORTER, ROWS, add_reporter}};
    int64_t now = nl_store_now(store);
    int64_t since = (now / DAY - NL_REPUTATION_DAYS + 1) * DAY;
    json_t *objects[] = {json_object(), json_object(), json_object()};
    json_t *providers = json_array();
    json_t *issues = json_array();
    enum nl_status status =
        gather_kind(store, since, dmarc, sizeof dmarc / sizeof dmarc[0], objects[0], err);
    if (status == NL_OK)
        status = gather_kind(store, since, tls, sizeof tls / sizeof tls[0], objects[1], err);
    if (status == NL_OK)
        status = nl_reputation_complaints(store, since, ROWS, add_provider, providers, err);
    if (status == NL_OK)
        status = gather_issues(store, issues, err);
    json_object_set_new(objects[2], "providers", providers);
    json_object_set_new(objects[2], "issues", issues);
    json_object_set_new(out, "since", json_day(since));
    json_object_set_new(out, "note", json_string(note));
    json_object_set_new(out, "dmarc", objects[0]);
    json_object_set_new(out, "tls", objects[1]);
    json_object_set_new(out, "complaints", objects[2]);
    return status;
}

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

static void write_days(const json_t *rows, struct nl_buf *out) {
    char shares[3][32];
    size_t at = 0;
    json_t *row = NULL;
    nl_buf_addf(out, "\n%-12s %-30s %10s %8s %8s %8s\n", "DAY", "DOMAIN", "MESSAGES", "PASSED",
                "SPF", "DKIM");
    json_array_foreach(rows, at, row) nl_buf_addf(
        out, "%-12s %-30s %10lld %8s %8s %8s\n", nl_facts_word(row, "day"),
        nl_facts_word(row, "domain"), count_of(row, "messages"),
        share_of(shares[0], row, "passed", "messages"), share_of(shares[1], row, "spf", "messages"),
        share_of(shares[2], row, "dkim", "messages"));
}

static void write_sources(const json_t *rows, struct nl_buf *out) {
    char shares[3][32];
    size_t at = 0;
    json_t *row = NULL;
    nl_buf_addf(out, "\n%-40s %-30s %-8s %10s %8s %8s %8s\n", "SOURCE", "DOMAIN", "KIND",
                "MESSAGES", "PASSED", "SPF", "DKIM");
    json_array_foreach(rows, at, row) {
        const char *source = nl_facts_word(row, "source");
        nl_buf_addf(out, "%-40s %-30s %-8s %10lld %8s %8s %8s\n", source[0] != '\0' ? source : "-",
                    nl_facts_word(row, "domain"), nl_facts_word(row, "kind"),
                    count_of(row, "messages"), share_of(shares[0], row, "passed", "messages"),
                    share_of(shares[1], row, "spf", "messages"),
                    share_of(shares[2], row, "dkim", "messages"));
    }
    nl_buf_adds(out, "ours: SPF passes. signed: DKIM alone passes, as on forwarded mail. other: "
                     "neither\npasses, so somebody else sends in your name, or a server of yours "
                     "is not set up.\nrest: smaller sources together.\n");
}

static void write_reporters(const json_t *rows, const char *total, struct nl_buf *out) {
    char share[32];
    size_t at = 0;
    json_t *row = NULL;
    nl_buf_addf(out, "\n%-40s %8s %10s %8s\n", "REPORTER", "REPORTS", total, "PASSED");
    json_array_foreach(rows, at, row) nl_buf_addf(
        out, "%-40s %8lld %10lld %8s\n", nl_facts_word(row, "reporter"), count_of(row, "reports"),
        count_of(row, "total"), share_of(share, row, "passed", "total"));
}

static void write_policies(const json_t *rows, struct nl_buf *out) {
    size_t at = 0;
    json_t *row = NULL;
    nl_buf_addf(out, "\n%-20s %-30s %10s\n", "POLICY", "FAILED BY", "SESSIONS");
    json_array_foreach(rows, at, row) {
        const char *reason = nl_facts_word(row, "reason");
        nl_buf_addf(out, "%-20s %-30s %10lld\n", nl_facts_word(row, "policy"),
                    reason[0] != '\0' ? reason : "-", count_of(row, "sessions"));
    }
}

static void write_complaints(const json_t *complaints, struct nl_buf *out) {
    char share[32];
    size_t at = 0;
    json_t *row = NULL;
    nl_buf_addf(out, "\nComplaints\n\n%-40s %10s %-10s\n", "PROVIDER", "COMPLAINTS", "LAST");
    json_array_foreach(json_object_get(complaints, "providers"), at, row) {
        const char *provider = nl_facts_word(row, "provider");
        nl_buf_addf(out, "%-40s %10lld %-10s\n", provider[0] != '\0' ? provider : "-",
                    count_of(row, "complaints"), nl_facts_word(row, "last_day"));
    }
    nl_buf_addf(out, "\n%-40s %10s %10s %12s\n", "ISSUE", "SENT", "COMPLAINTS", "PER THOUSAND");
    json_array_foreach(json_object_get(complaints, "issues"), at, row)
        nl_buf_addf(out, "%-40s %10lld %10lld %12s\n", nl_facts_word(row, "slug"),
                    count_of(row, "sent"), count_of(row, "complaints"),
                    share_text(share, count_of(row, "complaints"), count_of(row, "sent"), 1000));
}

static void write_text(const json_t *facts, struct nl_buf *out) {
    const json_t *dmarc = json_object_get(facts, "dmarc");
    const json_t *tls = json_object_get(facts, "tls");
    nl_buf_addf(out, "Reports about us, of days since %s. %s\n\nMail in our name (DMARC)\n",
                nl_facts_word(facts, "since"), note);
    if (json_array_size(json_object_get(dmarc, "days")) == 0) {
        nl_buf_adds(out, "No report came: let the DMARC record of your domain say rua=mailto: and "
                         "the address\nwhose mail 'newsletter bounce' reads.\n");
    } else {
        write_days(json_object_get(dmarc, "days"), out);
        write_sources(json_object_get(dmarc, "sources"), out);
        write_reporters(json_object_get(dmarc, "reporters"), "MESSAGES", out);
    }
    if (json_array_size(json_object_get(tls, "policies")) > 0) {
        nl_buf_adds(out, "\nEncryption on the way to us (SMTP TLS reports)\n");
        write_policies(json_object_get(tls, "policies"), out);
        write_reporters(json_object_get(tls, "reporters"), "SESSIONS", out);
    }
    write_complaints(json_object_get(facts, "complaints"), out);
}

enum nl_status nl_reputation_write(struct nl_store *store, bool json, struct nl_buf *out,
                                   struct nl_error *err) {
    json_t *facts = json_object();
    enum nl_status status = gather(store, facts, err);
    if (status == NL_OK && json) {
        char *text = json_dumps(facts, JSON_INDENT(2));
        nl_buf_addf(out, "%s\n", text != NULL ? text : "");
        status = text != NULL ? NL_OK : nl_error_nomem(err);
        free(text);
    } else if (status == NL_OK) {
        write_text(facts, out);
    }
    json_decref(facts);
    return status == NL_OK && out->failed ? nl_error_nomem(err) : status;
}

/* ---- as a page ---- */

static const struct {
    const char *kind, *label;
} kinds[] = {
    {"ours", NL_TEXT("Ours")},
    {"signed", NL_TEXT("Signed by us")},
    {"other", NL_TEXT("Somebody else")},
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
    enum nl_status status = gather(self->store, self->data, self->err);
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
