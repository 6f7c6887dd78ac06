#include "store/subscription_row.h"

#include "newsletter/db/sql.h"
#include "store/ledger.h"

#define NOTICES "(SELECT id FROM delivery WHERE subscription = ?1 AND issue IS NULL)"

/* The order matters: rows that refer to others are deleted first, all of them, since long work has
 * references neither checked nor followed (nl_store_bulk_load). The history goes too, since
 * SQLite gives the number of the last person who was deleted to the next one. */
static const char *const steps[] = {
    "UPDATE returned SET delivery = NULL WHERE delivery IN " NOTICES,
    "DELETE FROM bounce WHERE subscription = ?1 OR delivery IN " NOTICES,
    "DELETE FROM confirmation WHERE subscription = ?1",
    "DELETE FROM attempt WHERE delivery IN " NOTICES,
    "DELETE FROM delivery" NL_OF_ISSUE " WHERE subscription = ?1 AND issue IS NULL",
};

static const char *const last_steps[] = {
    "DELETE FROM event WHERE subscriber = ?1 AND NOT EXISTS (SELECT 1 FROM subscription WHERE "
    "subscriber = ?1)",
    "DELETE FROM address_change WHERE subscriber = ?1 AND NOT EXISTS (SELECT 1 FROM subscription "
    "WHERE subscriber = ?1)",
    "DELETE FROM subscriber WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM subscription WHERE "
    "subscriber = ?1)",
};

enum nl_status nl_subscription_delete(struct nl_store *store, int64_t subscription, bool person,
                                      struct nl_error *err) {
    int64_t subscriber = 0;
    enum nl_status status = nl_sql_number(store, err, &subscriber, NULL,
                                          "SELECT subscriber FROM subscription WHERE id = ?",
                                          NL_VALUES(NL_INT(subscription)));
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i], NL_VALUES(NL_OF(0), NL_INT(subscription)));
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM subscription WHERE id = ?",
                            NL_VALUES(NL_INT(subscription)));
    if (status == NL_OK)
        status = nl_ledger_removed(store, "subscription", subscription, err);
    for (size_t i = 0; person && status == NL_OK && i < sizeof last_steps / sizeof last_steps[0];
         i++)
        status = nl_sql_run(store, err, last_steps[i], NL_VALUES(NL_INT(subscriber)));
    bool stays = false;
    if (person && status == NL_OK)
        status = nl_sql_exists(store, err, &stays, "SELECT 1 FROM subscriber WHERE id = ?",
                               NL_VALUES(NL_INT(subscriber)));
    return person && status == NL_OK && !stays ? nl_ledger_forget(store, subscriber, err) : status;
}
