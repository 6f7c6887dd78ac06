#include "newsletter/store/reputation.h"

#include "newsletter/base/address.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A forger can name any reporter: so much is kept of one, and of all. A receiver sends one report a
 * day for each domain, some one an hour. */
enum { DAY = 86400, FROM_ONE = 100, FROM_ALL = 500, IN_ALL = 20000, ROWS = 100 };

/* A report may be about a day that has begun elsewhere, and not about the far future. */
enum { AHEAD = 2 * DAY };

static const char *const kind_names[] = {"dmarc", "tls"};

const char *nl_reputation_kind_name(enum nl_reputation_kind kind) {
    return kind_names[kind];
}

/* ---- our domains ---- */

/* Each with "\n" on both sides. */
static void add_domain(struct nl_buf *domains, const struct nl_address *address) {
    if (domains->len == 0)
        nl_buf_addc(domains, '\n');
    nl_buf_addf(domains, "%s\n", address->domain);
}

static enum nl_status add_sender(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct nl_address sender = {0};
    char *name = NULL;
    enum nl_status status = nl_mailbox_parse(list->sender, &name, &sender, err);
    if (status == NL_OK)
        add_domain(ctx, &sender);
    free(name);
    nl_address_free(&sender);
    return status;
}

static enum nl_status find_domains(struct nl_store *store, const char *bounce_address,
                                   struct nl_buf *domains, struct nl_error *err) {
    struct nl_address bounces = {0};
    enum nl_status status = nl_list_each(store, add_sender, domains, err);
    if (status == NL_OK && bounce_address != NULL)
        status = nl_address_parse(bounce_address, &bounces, err);
    if (status == NL_OK && bounce_address != NULL)
        add_domain(domains, &bounces);
    nl_address_free(&bounces);
    return status;
}

/* The domain, or the nearest one above it, that is ours; NULL if none is. It is the end of
 * `domain`. */
static const char *our_part(const struct nl_buf *domains, const char *domain) {
    char wanted[NL_REPUTATION_DOMAIN + 2];
    while (domain != NULL && domain[0] != '\0') {
        int len = snprintf(wanted, sizeof wanted, "\n%s\n", domain);
        if (len > 0 && (size_t)len < sizeof wanted && strstr(nl_buf_text(domains), wanted) != NULL)
            return domain;
        domain = strchr(domain, '.');
        domain = domain != NULL ? domain + 1 : NULL;
    }
    return NULL;
}

/* ---- adding ---- */

struct addition {
    const struct nl_reputation_report *report;
    const struct nl_buf *domains;
    int64_t keep;
    const char **refused;
};

/* Why a report is not kept, whatever it says; NULL if nothing speaks against it. */
static enum nl_status judge(struct nl_store *store, const struct addition *addition,
                            struct nl_error *err) {
    const struct nl_reputation_report *report = addition->report;
    int64_t now = nl_store_now(store);
    int64_t from_one = 0;
    int64_t from_all = 0;
    int64_t in_all = 0;
    if (report->begin > now + AHEAD || report->begin < 0)
        *addition->refused = "it is about a day in the future";
    else if (addition->keep > 0 && report->begin < now - addition->keep)
        *addition->refused = "it is about a day from before retention.reports";
    if (*addition->refused != NULL)
        return NL_OK;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT count(*), coalesce(sum(CASE reporter WHEN ? THEN 1 ELSE 0 END), 0), "
                     "(SELECT count(*) FROM reputation_report) FROM reputation_report WHERE at > ?",
                     NL_VALUES(NL_STRING(report->reporter), NL_INT(now - DAY)),
                     NL_COLUMNS(NL_INTO(&from_all), NL_INTO(&from_one), NL_INTO(&in_all)));
    if (from_one >= FROM_ONE)
        *addition->refused = "its reporter has sent too many within a day";
    else if (from_all >= FROM_ALL)
        *addition->refused = "too many reports came within a day";
    else if (in_all >= IN_ALL)
        *addition->refused = "too many reports are kept: make retention.reports shorter";
    return status;
}

static enum nl_status add_row(struct nl_store *store, int64_t id, const char *domain,
                              const char *source, const struct nl_reputation_row *row,
                              struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "INSERT INTO reputation (report, domain, source, reason, total, passed, spf, dkim) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (report, domain, source, reason) DO UPDATE "
        "SET total = reputation.total + excluded.total, "
        "passed = reputation.passed + excluded.passed, spf = reputation.spf + excluded.spf, "
        "dkim = reputation.dkim + excluded.dkim",
        NL_VALUES(NL_INT(id), NL_STRING(domain), NL_STRING(source), NL_STRING(row->reason),
                  NL_INT(row->total), NL_INT(row->passed), NL_INT(row->spf), NL_INT(row->dkim)));
}

static enum nl_status add_rows(struct nl_store *store, const struct addition *addition, int64_t id,
                               struct nl_error *err) {
    const struct nl_reputation_report *report = addition->report;
    enum nl_status status = NL_OK;
    size_t kept = 0;
    for (size_t i = 0; status == NL_OK && i < report->count; i++) {
        const struct nl_reputation_row *row = &report->rows[i];
        const char *domain = our_part(addition->domains, row->domain);
        if (domain == NULL || row->total == 0)
            continue;
        /* Policies are few; the addresses after the largest are summed up. */
        bool rest = report->kind == NL_REPUTATION_DMARC && kept >= ROWS;
        status = add_row(store, id, domain, rest ? "" : row->source, row, err);
        kept++;
    }
    return status;
}

static bool is_about_us(const struct addition *addition) {
    for (size_t i = 0; i < addition->report->count; i++)
        if (addition->report->rows[i].total > 0 &&
            our_part(addition->domains, addition->report->rows[i].domain) != NULL)
            return true;
    return false;
}

static enum nl_status add_reputation(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct addition *addition = ctx;
    const struct nl_reputation_report *report = addition->report;
    bool known = false;
    int64_t id = 0;
    enum nl_status status =
        nl_sql_exists(store, err, &known, "SELECT 1 FROM reputation_report WHERE digest = ?",
                      NL_VALUES(NL_BYTES(report->digest, NL_DIGEST_LEN)));
    if (status != NL_OK)
        return status;
    if (known)
        *addition->refused = "it came before";
    else if (!is_about_us(addition))
        *addition->refused = "it names no domain that a list sends from";
    else
        status = judge(store, addition, err);
    if (status != NL_OK || *addition->refused != NULL)
        return status;
    status = nl_sql_insert(
        store, err, &id,
        "INSERT INTO reputation_report (digest, kind, reporter, day, at) VALUES (?, ?, ?, ?, ?)",
        NL_VALUES(NL_BYTES(report->digest, NL_DIGEST_LEN), NL_STRING(kind_names[report->kind]),
                  NL_STRING(report->reporter), NL_INT(report->begin / DAY),
                  NL_INT(nl_store_now(store))));
    return status == NL_OK ? add_rows(store, addition, id, err) : status;
}

enum nl_status nl_reputation_add(struct nl_store *store, const struct nl_reputation_report *report,
                                 const char *bounce_address, int64_t keep, const char **refused,
                                 struct nl_error *err) {
    struct nl_buf domains = {0};
    struct addition addition = {report, &domains, keep, refused};
    *refused = NULL;
    enum nl_status status = find_domains(store, bounce_address, &domains, err);
    if (status == NL_OK)
        status = nl_sql_exclusive(store, add_reputation, &addition, err);
    nl_buf_free(&domains);
    return status;
}

enum nl_status nl_reputation_forget(struct nl_store *store, int64_t before, bool dry_run,
                                    int64_t *count, struct nl_error *err) {
    int64_t day = before > 0 ? before / DAY : 0;
    if (dry_run)
        return nl_sql_number(store, err, count, NULL,
                             "SELECT count(*) FROM reputation_report WHERE day < ?",
                             NL_VALUES(NL_INT(day)));
    enum nl_status status = nl_sql_run(
        store, err,
        "DELETE FROM reputation WHERE report IN (SELECT id FROM reputation_report WHERE day < ?)",
        NL_VALUES(NL_INT(day)));
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM reputation_report WHERE day < ?",
                            NL_VALUES(NL_INT(day)));
    *count = status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}
