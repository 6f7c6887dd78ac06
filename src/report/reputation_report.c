#include "newsletter/report/reputation.h"

#include "newsletter/report/facts.h"
#include "newsletter/template/data.h"
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
                nl_facts_word(facts, "since"), nl_reputation_note);
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
    enum nl_status status = nl_reputation_facts(store, facts, err);
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
