#include "report/reputation_facts.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/reputation.h"
#include "newsletter/store/reputation.h"

#include <string.h>

enum { DAY = 86400, ROWS = 50, ISSUES = 20 };

const char nl_reputation_note[] =
    "Anybody can mail such reports to us: take these figures as hints, not "
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

static enum nl_status set_complaints(const struct nl_reputation_figure *figure, void *ctx,
                                     struct nl_error *err) {
    size_t at = 0;
    json_t *issue = NULL;
    (void)err;
    json_array_foreach(ctx, at, issue) {
        if (nl_facts_number(issue, "id") == figure->issue)
            json_object_set_new(issue, "complaints", json_number(figure->total));
    }
    return NL_OK;
}

/* Issues that went out, the latest first, with the complaints about each. */
static enum nl_status gather_issues(struct nl_store *store, json_t *out, struct nl_error *err) {
    const struct nl_issue_filter filter = {.limit = ISSUES};
    json_t *issues = json_array();
    size_t at = 0;
    json_t *issue = NULL;
    enum nl_status status = nl_facts_issues(store, &filter, issues, err);
    json_array_foreach(issues, at, issue) {
        int64_t sent = nl_facts_number(json_object_get(issue, "deliveries"), "sent");
        if (sent > 0)
            json_array_append_new(out, json_pack("{s:O, s:O, s:O, s:O, s:o, s:i}", "id",
                                                 json_object_get(issue, "id"), "list",
                                                 json_object_get(issue, "list"), "slug",
                                                 json_object_get(issue, "slug"), "title",
                                                 json_object_get(issue, "title"), "sent",
                                                 json_number(sent), "complaints", 0));
    }
    json_decref(issues);
    return status == NL_OK ? nl_reputation_issues(store, set_complaints, out, err) : status;
}

enum nl_status nl_reputation_facts(struct nl_store *store, json_t *out, struct nl_error *err) {
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
    json_object_set_new(out, "note", json_string(nl_reputation_note));
    json_object_set_new(out, "dmarc", objects[0]);
    json_object_set_new(out, "tls", objects[1]);
    json_object_set_new(out, "complaints", objects[2]);
    return status;
}
