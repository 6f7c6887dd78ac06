#include "newsletter/store/direct_sender.h"

#include "newsletter/db/sql.h"
#include "store/setting.h"

#include <stdio.h>

/* The value is the second until which it holds. */
static const char KEY[] = "direct sender ";

#define SENDERS "FROM setting WHERE key >= 'direct sender ' AND key < 'direct sender!'"

struct noting {
    const char *owner;
    int64_t seconds;
    int64_t *count;
};

static enum nl_status note(struct nl_store *store, void *context, struct nl_error *err) {
    const struct noting *noting = context;
    int64_t now = nl_store_now(store);
    char until[24];
    snprintf(until, sizeof until, "%lld", (long long)(now + noting->seconds));
    enum nl_status status = nl_sql_run(
        store, err, "DELETE " SENDERS " AND CAST(value AS BIGINT) <= ?", NL_VALUES(NL_INT(now)));
    if (status == NL_OK)
        status = nl_setting_put(store, KEY, noting->owner, until, err);
    return status == NL_OK ? nl_sql_number(store, err, noting->count, NULL,
                                           "SELECT count(*) " SENDERS, NL_NO_VALUES)
                           : status;
}

enum nl_status nl_direct_sender_note(struct nl_store *store, const char *owner, int64_t seconds,
                                     int64_t *count, struct nl_error *err) {
    struct noting noting = {owner, seconds, count};
    *count = 1;
    return nl_sql_shared(store, note, &noting, err);
}

enum nl_status nl_direct_sender_drop(struct nl_store *store, const char *owner,
                                     struct nl_error *err) {
    return nl_setting_drop(store, KEY, owner, err);
}
