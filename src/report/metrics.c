#include "newsletter/report/metrics.h"

#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/list.h"
#include "newsletter/store/provider_day.h"
#include "newsletter/store/statistics.h"

#include <string.h>

struct writing {
    struct nl_store *store;
    struct nl_buf *out;
};

static void write_head(struct nl_buf *out, const char *name, const char *type, const char *help) {
    nl_buf_addf(out, "# HELP newsletter_%s %s\n# TYPE newsletter_%s %s\n", name, help, name, type);
}

/* List names and states need no escaping: they are letters, digits and hyphens. */
static enum nl_status write_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    const struct writing *writing = ctx;
    struct nl_list_counts counts = {0};
    enum nl_status status = nl_list_count(writing->store, list->id, &counts, err);
    const struct {
        const char *state;
        int64_t count;
    } rows[] = {{"pending", counts.pending},
                {"active", counts.active},
                {"unsubscribed", counts.unsubscribed},
                {"bounced", counts.bounced},
                {"complained", counts.complained}};
    for (size_t i = 0; status == NL_OK && i < sizeof rows / sizeof rows[0]; i++)
        nl_buf_addf(writing->out, "newsletter_subscriptions{list=\"%s\",state=\"%s\"} %lld\n",
                    list->name, rows[i].state, (long long)rows[i].count);
    return status;
}

static enum nl_status write_deliveries(const char *kind, const char *state, int64_t count,
                                       void *ctx, struct nl_error *err) {
    const struct writing *writing = ctx;
    (void)err;
    nl_buf_addf(writing->out, "newsletter_deliveries{kind=\"%s\",state=\"%s\"} %lld\n", kind, state,
                (long long)count);
    return NL_OK;
}

static enum nl_status write_issues(const char *state, const char *unused, int64_t count, void *ctx,
                                   struct nl_error *err) {
    const struct writing *writing = ctx;
    (void)unused;
    (void)err;
    nl_buf_addf(writing->out, "newsletter_issues{state=\"%s\"} %lld\n", state, (long long)count);
    return NL_OK;
}

static enum nl_status write_events(const char *kind, const char *unused, int64_t count, void *ctx,
                                   struct nl_error *err) {
    const struct writing *writing = ctx;
    (void)unused;
    (void)err;
    nl_buf_addf(writing->out, "newsletter_events_total{kind=\"%s\"} %lld\n", kind,
                (long long)count);
    return NL_OK;
}

/* Names of providers are words of mailbox_providers.txt. */
static enum nl_status write_provider(const char *provider, const struct nl_provider_counts *counts,
                                     void *ctx, struct nl_error *err) {
    const struct writing *writing = ctx;
    const struct {
        const char *result;
        int64_t count;
    } rows[] = {{"attempts", counts->attempts},
                {"sent", counts->sent},
                {"deferred", counts->deferred},
                {"bounced", counts->bounced},
                {"throttled", counts->throttled}};
    (void)err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        nl_buf_addf(writing->out, "newsletter_provider_%s_total{provider=\"%s\"} %lld\n",
                    rows[i].result, provider, (long long)rows[i].count);
    return NL_OK;
}

static void write_provider_heads(struct nl_buf *out) {
    write_head(out, "provider_attempts_total", "counter",
               "Attempts of direct delivery, by mailbox provider.");
    write_head(out, "provider_sent_total", "counter", "Messages that it took.");
    write_head(out, "provider_deferred_total", "counter", "Messages that are tried again.");
    write_head(out, "provider_bounced_total", "counter", "Messages that it refused for good.");
    write_head(out, "provider_throttled_total", "counter",
               "Replies that wanted less of us, or refused our address.");
}

enum nl_status nl_metrics_write(struct nl_store *store, struct nl_buf *out, struct nl_error *err) {
    struct writing writing = {store, out};
    int64_t oldest = 0;
    write_head(out, "subscriptions", "gauge", "Subscriptions by list and state.");
    enum nl_status status = nl_list_each(store, write_list, &writing, err);
    write_head(out, "issues", "gauge", "Issues by state.");
    if (status == NL_OK)
        status = nl_statistics_issues(store, write_issues, &writing, err);
    write_head(out, "deliveries", "gauge",
               "Deliveries of issues that are going out, and notices, by kind and state.");
    if (status == NL_OK)
        status = nl_statistics_deliveries(store, write_deliveries, &writing, err);
    write_head(out, "events_total", "counter", "Events of subscriptions, by kind.");
    if (status == NL_OK)
        status = nl_statistics_events(store, write_events, &writing, err);
    write_provider_heads(out);
    if (status == NL_OK)
        status = nl_providers_each(store, "", write_provider, &writing, err);
    write_head(out, "oldest_due_seconds", "gauge",
               "Seconds for which the oldest waiting mail has been due; 0 if no mail is due.");
    if (status == NL_OK)
        status = nl_statistics_overdue(store, &oldest, err);
    nl_buf_addf(out, "newsletter_oldest_due_seconds %lld\n", (long long)oldest);
    return status;
}
