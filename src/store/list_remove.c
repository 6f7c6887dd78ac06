#include "newsletter/store/list.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/removed.h"
#include "newsletter/db/sql.h"
#include "store/approval_withdraw.h"
#include "store/event.h"
#include "store/ledger.h"
#include "store/person_row.h"

/* People of list ?1 who are on no other one. */
#define ONLY_HERE                                                                                  \
    "(SELECT s.subscriber FROM subscription s WHERE s.list = ?1 AND NOT EXISTS "                   \
    "(SELECT 1 FROM subscription o WHERE o.subscriber = s.subscriber AND o.list <> ?1))"

#define SUBSCRIPTIONS "(SELECT id FROM subscription WHERE list = ?1)"
#define ISSUES "(SELECT id FROM issue WHERE list = ?1)"

/* The notices to its subscribers, and messages in its name. */
#define NOTICES                                                                                    \
    "(SELECT d.id FROM delivery d WHERE d.issue IS NULL AND d.subscription IN " SUBSCRIPTIONS      \
    " UNION ALL SELECT m.delivery FROM transactional m WHERE m.list = ?1)"

/* With the deliveries of its issues. */
#define DELIVERIES                                                                                 \
    "(SELECT d.id FROM delivery d WHERE d.issue IN " ISSUES " UNION ALL SELECT id FROM " NOTICES   \
    " AS notices)"

enum nl_status nl_list_remains(struct nl_store *store, int64_t list, struct nl_list_remains *out,
                               struct nl_error *err) {
    return nl_sql_first(
        store, err, NULL,
        "SELECT (SELECT count(*) FROM issue WHERE list = ?1), "
        "(SELECT count(*) FROM draft WHERE list = ?1 AND issue IS NULL), "
        "(SELECT count(*) FROM " ONLY_HERE " AS only_here)",
        NL_VALUES(NL_INT(list)),
        NL_COLUMNS(NL_INTO(&out->issues), NL_INTO(&out->drafts), NL_INTO(&out->people)));
}

/* People who have left and are on no other list. Nothing must bring them back by mistake. */
static enum nl_status leave_tombstones(struct nl_store *store, int64_t list, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT subscriber FROM subscription WHERE list = ?1 AND state NOT IN "
                    "('active', 'pending') AND subscriber IN " ONLY_HERE
                    " AND subscriber IN (SELECT id FROM subscriber WHERE address_key LIKE '%@%')",
                    NL_VALUES(NL_INT(list)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++)
        status = nl_person_leave_tombstone(store, nl_ids_at(&ids, i), err);
    nl_buf_free(&ids);
    return status;
}

static enum nl_status check_idle(struct nl_store *store, int64_t list, struct nl_error *err) {
    bool busy = false;
    enum nl_status status = nl_sql_exists(store, err, &busy,
                                          "SELECT 1 FROM issue WHERE list = ? AND state IN "
                                          "('scheduled', 'sending', 'paused')",
                                          NL_VALUES(NL_INT(list)));
    return status == NL_OK && busy
               ? nl_error_set(
                     err, NL_BUSY,
                     NL_TEXT("an issue of the list is scheduled, being sent or paused: let it "
                             "finish, or run 'newsletter cancel'"))
               : status;
}

static enum nl_status remove_person(struct nl_store *store, int64_t subscriber,
                                    struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM subscriber WHERE id = ?",
                                       NL_VALUES(NL_INT(subscriber)));
    return status == NL_OK ? nl_ledger_forget(store, subscriber, err) : status;
}

/* Each issue by itself: a server has them in different places. */
static enum nl_status remove_deliveries(struct nl_store *store, int64_t list,
                                        struct nl_error *err) {
    struct nl_buf issues = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &issues, "SELECT id FROM issue WHERE list = ?",
                    NL_VALUES(NL_INT(list)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&issues); i++) {
        int64_t issue = nl_ids_at(&issues, i);
        status = nl_sql_run(store, err, "DELETE FROM delivery" NL_OF_ISSUE " WHERE issue = ?",
                            NL_VALUES(NL_OF(issue), NL_INT(issue)));
    }
    nl_buf_free(&issues);
    return status;
}

/* The order matters: rows that refer to others are deleted before them. */
static enum nl_status remove_rows(struct nl_store *store, int64_t list, struct nl_error *err) {
    static const char *const first_steps[] = {
        "UPDATE returned SET message = NULL, delivery = NULL WHERE delivery IN " DELIVERIES,
        "UPDATE returned SET message = NULL WHERE id IN (SELECT returned FROM bounce WHERE "
        "subscription IN " SUBSCRIPTIONS ")",
        "DELETE FROM bounce WHERE subscription IN " SUBSCRIPTIONS,
        "UPDATE bounce SET delivery = NULL WHERE delivery IN " DELIVERIES,
        "DELETE FROM confirmation WHERE subscription IN " SUBSCRIPTIONS,
        "DELETE FROM delivery" NL_OF_ISSUE " WHERE issue IS NULL AND id IN " NOTICES,
    };
    static const char *const last_steps[] = {
        "DELETE FROM recording WHERE issue IN " ISSUES,
        "DELETE FROM edition WHERE issue IN " ISSUES,
        "DELETE FROM subject_test WHERE issue IN " ISSUES,
        "DELETE FROM canary WHERE issue IN " ISSUES,
        "DELETE FROM issue_text WHERE rowid IN " ISSUES,
        "DELETE FROM event WHERE list = ?1 OR issue IN " ISSUES " OR subscriber IN " ONLY_HERE,
        "DELETE FROM setting WHERE key IN (SELECT " NL_REMOVED_KEY("id") " FROM issue WHERE list = "
                                                                         "?1)",
        "DELETE FROM issue WHERE list = ?1",
        "DELETE FROM address_change WHERE subscriber IN " ONLY_HERE,
    };
    const struct nl_value *values = NL_VALUES(NL_OF(0), NL_INT(list));
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof first_steps / sizeof first_steps[0]; i++)
        status = nl_sql_run(store, err, first_steps[i], values);
    if (status == NL_OK)
        status = remove_deliveries(store, list, err);
    for (size_t i = 0; status == NL_OK && i < sizeof last_steps / sizeof last_steps[0]; i++)
        status = nl_sql_run(store, err, last_steps[i], values);
    return status;
}

static enum nl_status remove_list(struct nl_store *store, void *ctx, struct nl_error *err) {
    int64_t list = *(const int64_t *)ctx;
    struct nl_buf people = {0};
    enum nl_status status = check_idle(store, list, err);
    if (status == NL_OK)
        status = nl_approval_forget(store, 0, list, err);
    if (status == NL_OK)
        status = leave_tombstones(store, list, err);
    if (status == NL_OK)
        status = nl_sql_each(store, err, nl_sql_add_id, &people,
                             "SELECT subscriber FROM " ONLY_HERE " AS only_here",
                             NL_VALUES(NL_INT(list)));
    if (status == NL_OK)
        status = remove_rows(store, list, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM subscription WHERE list = ?",
                            NL_VALUES(NL_INT(list)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&people); i++)
        status = remove_person(store, nl_ids_at(&people, i), err);
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM list WHERE id = ?", NL_VALUES(NL_INT(list)));
    if (status == NL_OK)
        status = nl_ledger_removed(store, "list", list, err);
    if (status == NL_OK)
        status = nl_event_add(store, "list-removed", 0, 0, 0, NULL, err);
    nl_buf_free(&people);
    return status;
}

/* The list is removed by now, so this is not a failure to remove it: the next prune tries again. */
static void drop_parts(struct nl_store *store) {
    struct nl_error ignored = {0};
    nl_error_ignore(nl_sql_drop_parts(store, &ignored));
    nl_error_free(&ignored);
}

enum nl_status nl_list_remove(struct nl_store *store, int64_t list, struct nl_error *err) {
    enum nl_status status = nl_sql_exclusive(store, remove_list, &list, err);
    if (status == NL_OK)
        drop_parts(store);
    nl_store_empty_log(store);
    return status;
}
