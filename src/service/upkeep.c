#include "newsletter/service/upkeep.h"

static struct nl_retention retention_of(const struct nl_config *config) {
    return (struct nl_retention){.events = config->retention.events,
                                 .links = config->retention.links,
                                 .ips = config->retention.ips,
                                 .unconfirmed = config->retention.unconfirmed,
                                 .reports = config->retention.reports,
                                 .messages = config->retention.messages,
                                 .deliveries = config->retention.deliveries,
                                 .ended = config->retention.ended};
}

enum nl_status nl_office_prune(const struct nl_office *office, bool dry_run, struct nl_pruned *out,
                               struct nl_error *err) {
    const struct nl_retention retention = retention_of(office->config);
    return nl_store_prune(office->store, &retention, dry_run, out, err);
}

enum nl_status nl_office_prune_daily(const struct nl_office *office, struct nl_error *err) {
    const struct nl_retention retention = retention_of(office->config);
    return nl_store_prune_daily(office->store, &retention, err);
}

enum nl_status nl_office_ran(const struct nl_office *office, const char *what,
                             struct nl_error *err) {
    return nl_last_run_note(office->store, what, err);
}
