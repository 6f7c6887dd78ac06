#include "newsletter/report/provider_report.h"

#include "newsletter/base/text_table.h"
#include "newsletter/base/zone.h"
#include "newsletter/store/provider_day.h"

#include <jansson.h>
#include <stdlib.h>

enum { DAY = 86400 };

static const struct nl_table_column columns[] = {
    {.heading = "PROVIDER"},
    {.heading = "ATTEMPTS", .number = true},
    {.heading = "SENT", .number = true},
    {.heading = "DEFERRED", .number = true},
    {.heading = "BOUNCED", .number = true},
    {.heading = "THROTTLED", .number = true},
};

static enum nl_status add_row(const char *provider, const struct nl_provider_counts *counts,
                              void *ctx, struct nl_error *err) {
    struct nl_table *table = ctx;
    (void)err;
    nl_table_text(table, provider);
    nl_table_number(table, counts->attempts);
    nl_table_number(table, counts->sent);
    nl_table_number(table, counts->deferred);
    nl_table_number(table, counts->bounced);
    nl_table_number(table, counts->throttled);
    return NL_OK;
}

static enum nl_status add_object(const char *provider, const struct nl_provider_counts *counts,
                                 void *ctx, struct nl_error *err) {
    (void)err;
    json_array_append_new(
        ctx, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "provider", provider, "attempts",
                       (json_int_t)counts->attempts, "sent", (json_int_t)counts->sent, "deferred",
                       (json_int_t)counts->deferred, "bounced", (json_int_t)counts->bounced,
                       "throttled", (json_int_t)counts->throttled));
    return NL_OK;
}

static void first_day(struct nl_store *store, char since[NL_DAY_LEN + 1]) {
    nl_zone_today(nl_store_now(store) - (NL_PROVIDER_REPORT_DAYS - 1) * (int64_t)DAY, since);
}

enum nl_status nl_provider_facts(struct nl_store *store, json_t **out, struct nl_error *err) {
    char since[NL_DAY_LEN + 1];
    first_day(store, since);
    json_t *providers = json_array();
    enum nl_status status = nl_providers_each(store, since, add_object, providers, err);
    *out = json_pack("{s:s, s:o}", "since", since, "providers", providers);
    return status;
}

static enum nl_status write_json(struct nl_store *store, struct nl_buf *out, struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = nl_provider_facts(store, &facts, err);
    char *text = json_dumps(facts, JSON_INDENT(2));
    nl_buf_addf(out, "%s\n", text);
    free(text);
    json_decref(facts);
    return status;
}

enum nl_status nl_provider_report_write(struct nl_store *store, bool json, size_t width,
                                        struct nl_buf *out, struct nl_error *err) {
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    char since[NL_DAY_LEN + 1];
    if (json)
        return write_json(store, out, err);
    first_day(store, since);
    enum nl_status status = nl_providers_each(store, since, add_row, &table, err);
    nl_buf_addf(out, "Direct delivery since %s, by mailbox provider\n\n", since);
    nl_table_print(&table, width, out);
    nl_table_free(&table);
    return status;
}
