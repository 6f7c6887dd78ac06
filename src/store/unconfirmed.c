#include "store/unconfirmed.h"

#include "newsletter/db/sql.h"
#include "store/issues_of.h"
#include "store/ledger.h"
#include "store/subscription_row.h"

/* The link of a mail that is still queued does not exist yet. */
#define OVERDUE                                                                                    \
    "s.state = 'pending' AND s.consent_at < ?1 AND NOT EXISTS (SELECT 1 FROM confirmation c "      \
    "WHERE c.subscription = s.id AND c.purpose = 'subscribe' AND c.expires_at >= ?1) AND NOT "     \
    "EXISTS (SELECT 1 FROM delivery d WHERE d.subscription = s.id AND d.issue IS NULL AND "        \
    "d.state IN ('queued', 'leased', 'deferred'))"

#define NEVER_MORE "s.confirmed_at IS NULL AND NOT " NL_GOT_AN_ISSUE("s")

/* These people had left, and have not confirmed that they want to come back. */
static enum nl_status end_returns(struct nl_store *store, int64_t before, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "UPDATE subscription SET state = 'unsubscribed', ended_at = ?2, noticed_at = "
                    "NULL WHERE id IN (SELECT s.id FROM subscription s WHERE " OVERDUE
                    " AND NOT (" NEVER_MORE ")) RETURNING id",
                    NL_VALUES(NL_INT(before), NL_INT(nl_store_now(store))));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++)
        status = nl_ledger_state(store, NULL, nl_ids_at(&ids, i), err);
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_unconfirmed_delete(struct nl_store *store, int64_t before, bool dry_run,
                                     int64_t *count, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status = nl_sql_each(
        store, err, nl_sql_add_id, &ids,
        "SELECT s.id FROM subscription s WHERE " OVERDUE " AND " NEVER_MORE " LIMIT ?2",
        NL_VALUES(NL_INT(before), NL_INT(nl_sql_limit(dry_run ? 0 : NL_UNCONFIRMED_AT_ONCE))));
    *count = status == NL_OK ? (int64_t)nl_ids_count(&ids) : 0;
    for (size_t i = 0; status == NL_OK && !dry_run && i < nl_ids_count(&ids); i++)
        status = nl_subscription_delete(store, nl_ids_at(&ids, i), true, err);
    nl_buf_free(&ids);
    return status == NL_OK && !dry_run ? end_returns(store, before, err) : status;
}
