#include "newsletter/store/provider_day.h"

#include "newsletter/base/zone.h"
#include "newsletter/db/sql.h"

#include <string.h>

enum { TALLIES = 64, DAYS_KEPT = 400 };

struct tally {
    const char *provider, *source;
    struct nl_provider_counts counts;
};

static void add(struct nl_provider_counts *counts, const struct nl_result *result) {
    counts->throttled += result->hop->throttled;
    if (result->outcome == NL_REQUEUED)
        return; /* it was not tried */
    counts->attempts++;
    counts->sent += result->outcome == NL_SENT;
    counts->deferred += result->outcome == NL_DEFERRED;
    counts->bounced += result->outcome == NL_BOUNCED || result->outcome == NL_FAILED;
}

static struct tally *find(struct tally *tallies, size_t *count, const struct nl_hop *hop) {
    for (size_t i = 0; i < *count; i++)
        if (strcmp(tallies[i].provider, hop->provider) == 0 &&
            strcmp(tallies[i].source, hop->source) == 0)
            return &tallies[i];
    tallies[*count] = (struct tally){.provider = hop->provider, .source = hop->source};
    return &tallies[(*count)++];
}

static enum nl_status write(struct nl_store *store, struct tally *tallies, size_t *count,
                            struct nl_error *err) {
    char day[NL_DAY_LEN + 1];
    enum nl_status status = NL_OK;
    nl_zone_today(nl_store_now(store), day);
    for (size_t i = 0; status == NL_OK && i < *count; i++) {
        const struct nl_provider_counts *counts = &tallies[i].counts;
        status = nl_sql_run(
            store, err,
            "INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, bounced, "
            "throttled) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (day, provider, "
            "source) DO UPDATE SET attempts = provider_day.attempts + ?4, sent = "
            "provider_day.sent + ?5, deferred = provider_day.deferred + ?6, bounced = "
            "provider_day.bounced + ?7, throttled = provider_day.throttled + ?8",
            NL_VALUES(NL_STRING(day), NL_STRING(tallies[i].provider), NL_STRING(tallies[i].source),
                      NL_INT(counts->attempts), NL_INT(counts->sent), NL_INT(counts->deferred),
                      NL_INT(counts->bounced), NL_INT(counts->throttled)));
    }
    *count = 0;
    return status;
}

enum nl_status nl_provider_count(struct nl_store *store, const struct nl_record *records,
                                 size_t count, struct nl_error *err) {
    struct tally tallies[TALLIES];
    size_t used = 0;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        const struct nl_hop *hop = records[i].result->hop;
        if (hop == NULL || hop->provider[0] == '\0')
            continue;
        if (used == TALLIES)
            status = write(store, tallies, &used, err);
        add(&find(tallies, &used, hop)->counts, records[i].result);
    }
    return status == NL_OK ? write(store, tallies, &used, err) : status;
}

struct walk {
    enum nl_status (*each)(const char *provider, const struct nl_provider_counts *counts, void *ctx,
                           struct nl_error *err);
    void *ctx;
};

static enum nl_status visit(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct walk *walk = context;
    const struct nl_provider_counts counts = {.attempts = nl_sql_int(row, 1),
                                              .sent = nl_sql_int(row, 2),
                                              .deferred = nl_sql_int(row, 3),
                                              .bounced = nl_sql_int(row, 4),
                                              .throttled = nl_sql_int(row, 5)};
    return walk->each(nl_sql_text(row, 0), &counts, walk->ctx, err);
}

enum nl_status nl_providers_each(struct nl_store *store, const char *since,
                                 enum nl_status (*each)(const char *provider,
                                                        const struct nl_provider_counts *counts,
                                                        void *ctx, struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
    struct walk walk = {each, ctx};
    return nl_sql_each(store, err, visit, &walk,
                       "SELECT provider, CAST(sum(attempts) AS BIGINT), CAST(sum(sent) AS BIGINT), "
                       "CAST(sum(deferred) AS BIGINT), CAST(sum(bounced) AS BIGINT), "
                       "CAST(sum(throttled) AS BIGINT) FROM provider_day WHERE day >= ? GROUP BY "
                       "provider ORDER BY sum(attempts) DESC, provider",
                       NL_VALUES(NL_STRING(since)));
}

enum nl_status nl_provider_days_forget(struct nl_store *store, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "DELETE FROM provider_day WHERE day NOT IN (SELECT DISTINCT day FROM "
                      "provider_day ORDER BY day DESC LIMIT ?)",
                      NL_VALUES(NL_INT(DAYS_KEPT)));
}
