#include "newsletter/store/ledger_rows.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/ledger.h"

struct walk {
    enum nl_status (*event)(const struct nl_event_row *row, void *ctx, struct nl_error *err);
    enum nl_status (*action)(const struct nl_action_row *row, void *ctx, struct nl_error *err);
    enum nl_status (*subscription)(const struct nl_subscription_row *row, void *ctx,
                                   struct nl_error *err);
    enum nl_status (*delivery)(const struct nl_delivery_state_row *row, void *ctx,
                               struct nl_error *err);
    void *ctx;
    int64_t last; /* the id of the last row */
};

enum { PAGE = 5000 };

/* A server would send everything at once. */
static enum nl_status walk_pages(struct nl_store *store, struct walk *walk, const char *sql,
                                 nl_sql_visit *each, struct nl_error *err) {
    enum nl_status status = NL_OK;
    int64_t after = -1;
    walk->last = 0;
    while (status == NL_OK && after != walk->last) {
        after = walk->last;
        status = nl_sql_each(store, err, each, walk, sql, NL_VALUES(NL_INT(after), NL_INT(PAGE)));
    }
    return status;
}

static const unsigned char *read_key(const struct nl_sql_row *row, int column) {
    size_t len = 0;
    const unsigned char *key = nl_sql_bytes(row, column, &len);
    return len == NL_LEDGER_KEY ? key : NULL;
}

static enum nl_status visit_event(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct walk *walk = ctx;
    const struct nl_event_row event = {.id = nl_sql_int(row, 0),
                                       .at = nl_sql_int(row, 1),
                                       .kind = nl_sql_text(row, 2),
                                       .list = nl_sql_int(row, 3),
                                       .subscriber = nl_sql_int(row, 4),
                                       .issue = nl_sql_int(row, 5),
                                       .message = nl_sql_int(row, 6),
                                       .detail = nl_sql_text(row, 7),
                                       .key = read_key(row, 8)};
    walk->last = event.id;
    return walk->event(&event, walk->ctx, err);
}

enum nl_status nl_ledger_each_event(struct nl_store *store,
                                    enum nl_status (*each)(const struct nl_event_row *row,
                                                           void *ctx, struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct walk walk = {.event = each, .ctx = ctx};
    return walk_pages(store, &walk,
                      "SELECT e.id, e.at, e.kind, e.list, e.subscriber, e.issue, e.message, "
                      "e.detail, k.key FROM event e LEFT JOIN ledger_key k ON k.subscriber = "
                      "coalesce(e.subscriber, 0) WHERE e.id > ? ORDER BY e.id LIMIT ?",
                      visit_event, err);
}

static enum nl_status visit_action(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct walk *walk = ctx;
    struct nl_action_row action = {.id = nl_sql_int(row, 0),
                                   .at = nl_sql_int(row, 1),
                                   .door = nl_sql_text(row, 2),
                                   .action = nl_sql_text(row, 3),
                                   .key = read_key(row, 8)};
    for (int i = 0; i < 4; i++)
        action.words[i] = nl_sql_text(row, 4 + i);
    walk->last = action.id;
    return walk->action(&action, walk->ctx, err);
}

enum nl_status nl_ledger_each_action(struct nl_store *store,
                                     enum nl_status (*each)(const struct nl_action_row *row,
                                                            void *ctx, struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    struct walk walk = {.action = each, .ctx = ctx};
    return walk_pages(store, &walk,
                      "SELECT a.id, a.at, a.door, a.action, a.actor, a.client, a.object, a.detail, "
                      "k.key FROM audit a LEFT JOIN ledger_key k ON k.subscriber = 0 WHERE a.id > "
                      "? ORDER BY a.id LIMIT ?",
                      visit_action, err);
}

static enum nl_status visit_subscription(const struct nl_sql_row *row, void *ctx,
                                         struct nl_error *err) {
    struct walk *walk = ctx;
    const struct nl_subscription_row subscription = {
        .id = nl_sql_int(row, 0),
        .list = nl_sql_int(row, 1),
        .subscriber = nl_sql_int(row, 2),
        .state = nl_sql_text(row, 3),
        .consent_at = nl_sql_int(row, 4),
        .source = nl_sql_text(row, 5),
        .version = nl_sql_text(row, 6),
        .address = nl_sql_text(row, 7),
        .key = read_key(row, 8),
        .wordings = {nl_sql_text(row, 9), nl_sql_text(row, 10), nl_sql_text(row, 11)}};
    walk->last = subscription.id;
    return walk->subscription(&subscription, walk->ctx, err);
}

enum nl_status nl_ledger_each_subscription(
    struct nl_store *store,
    enum nl_status (*each)(const struct nl_subscription_row *row, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) {
    struct walk walk = {.subscription = each, .ctx = ctx};
    return walk_pages(store, &walk,
                      "SELECT s.id, s.list, s.subscriber, s.state, s.consent_at, s.consent_source, "
                      "s.consent_version, r.address_key, k.key, f.digest, m.digest, p.digest FROM "
                      "subscription s LEFT JOIN wording f ON f.id = s.form_wording LEFT JOIN "
                      "wording m ON m.id = s.mail_wording LEFT JOIN wording p ON p.id = "
                      "s.page_wording LEFT JOIN "
                      "subscriber r ON r.id = s.subscriber AND r.address_key LIKE '%@%' LEFT JOIN "
                      "ledger_key k ON k.subscriber = s.subscriber WHERE s.id > ? ORDER BY s.id "
                      "LIMIT ?",
                      visit_subscription, err);
}

static enum nl_status visit_delivery(const struct nl_sql_row *row, void *ctx,
                                     struct nl_error *err) {
    struct walk *walk = ctx;
    const struct nl_delivery_state_row delivery = {.id = nl_sql_int(row, 0),
                                                   .issue = nl_sql_int(row, 1),
                                                   .subscription = nl_sql_int(row, 2),
                                                   .state = nl_sql_text(row, 3),
                                                   .code = (int)nl_sql_int(row, 4)};
    walk->last = delivery.id;
    return walk->delivery(&delivery, walk->ctx, err);
}

enum nl_status
nl_ledger_each_delivery(struct nl_store *store,
                        enum nl_status (*each)(const struct nl_delivery_state_row *row, void *ctx,
                                               struct nl_error *err),
                        void *ctx, struct nl_error *err) {
    struct walk walk = {.delivery = each, .ctx = ctx};
    return walk_pages(store, &walk,
                      "SELECT id, issue, subscription, state, reply_code FROM delivery WHERE id > "
                      "? ORDER BY id LIMIT ?",
                      visit_delivery, err);
}
