#include "newsletter/db/sql.h"
#include "newsletter/store/task.h"
#include "store/event.h"
#include "store/issues_of.h"
#include "store/ledger.h"
#include "store/subscription_row.h"

#include <stdlib.h>

/* How many changes, or people that a change has added, one short transaction takes back. */
enum { AT_ONCE = 200 };

/* An event that the person themselves caused on the list (or everywhere) since the import began to
 * count. */
#define ACTED                                                                                      \
    "EXISTS (SELECT 1 FROM event e WHERE e.subscriber = s.subscriber AND (e.list = s.list OR "     \
    "e.list IS NULL) AND (e.id > t.event_mark OR e.at > t.accepted_at) AND coalesce(e.detail, "    \
    "'') <> 'import' AND "                                                                         \
    "e.kind IN ('signup', 'confirmed', 'unsubscribed', 'complained', 'preferences', "              \
    "'preferences-asked', 'address-change-asked', 'address-changed'))"

#define SUPPRESSED                                                                                 \
    "(r.address_key NOT LIKE '%@%' OR EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = "  \
    "r.address_key))"

/* An issue has gone or is about to go to the subscription, or a notice is going. */
#define MAILED                                                                                     \
    NL_GOT_AN_ISSUE("s")                                                                           \
    " OR EXISTS (SELECT 1 FROM delivery d WHERE d.subscription = s.id AND d.issue IS NULL AND "    \
    "d.state = 'leased')"

void nl_undo_tally_read(const char *text, struct nl_undo_tally *out) {
    int64_t *const figures[] = {&out->removed, &out->ended, &out->restored, &out->kept};
    char *end = NULL;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++, text = end)
        *figures[i] = strtoll(text, &end, 10);
}

struct undoing {
    int64_t task;
    struct nl_undo_tally tally;
    bool done;
};

/* ---- those who were added ---- */

/* One subscription that an import has added. */
struct added {
    int64_t id, list, subscriber;
    bool acted;    /* or something else has become of it since */
    bool open;     /* it gets mail */
    bool issues;   /* it has got an issue, or is about to */
    bool newcomer; /* the person came with it */
};

static enum nl_status add_added(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct nl_buf *rows = context;
    struct added added = {0};
    enum nl_status status =
        nl_sql_read(row,
                    NL_COLUMNS(NL_INTO(&added.id), NL_INTO(&added.list), NL_INTO(&added.subscriber),
                               NL_INTO(&added.acted), NL_INTO(&added.open), NL_INTO(&added.issues),
                               NL_INTO(&added.newcomer)),
                    err);
    if (status == NL_OK)
        nl_buf_add(rows, &added, sizeof added);
    return status;
}

/* Mail was sent there, so that its links must go on to work: it ends, as if it had been left. */
static enum nl_status end_added(struct nl_store *store, const struct added *added,
                                struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE subscription SET state = 'unsubscribed', ended_at = ?, noticed_at = "
                   "NULL, reconfirm_by = NULL WHERE id = ?",
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(added->id)));
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "UPDATE delivery SET state = 'skipped', updated_at = ?1 WHERE "
            "id IN " NL_DELIVERIES_OF("?2", "?3") " AND state IN ('queued', 'deferred')",
            NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(added->id), NL_INT(added->list)));
    return status == NL_OK ? nl_event_add(store, "unsubscribed", added->list, added->subscriber, 0,
                                          "import undone", err)
                           : status;
}

static enum nl_status undo_added(struct nl_store *store, const struct added *added,
                                 struct nl_undo_tally *tally, struct nl_error *err) {
    if (added->acted || (added->issues && !added->open)) {
        tally->kept++;
        return NL_OK;
    }
    if (added->issues) {
        tally->ended++;
        return end_added(store, added, err);
    }
    tally->removed++;
    return nl_subscription_delete(store, added->id, added->newcomer, err);
}

/* A row of import_change. */
struct change {
    int64_t id, low, high, subscriber, subscription;
    char kind[16];
    char *prefix, *first, *last;
};

static enum nl_status find_added(struct nl_store *store, const struct undoing *undoing,
                                 const struct change *change, struct nl_buf *rows,
                                 struct nl_error *err) {
    return nl_sql_each(
        store, err, add_added, rows,
        "SELECT s.id, s.list, s.subscriber, " ACTED ", s.state IN ('active', 'pending'), " MAILED
        ", r.uuid > ?4 AND r.uuid <= ?5 FROM subscription s JOIN subscriber r ON r.id = "
        "s.subscriber JOIN task t ON t.id = ?6 WHERE s.id > ?1 AND s.id <= ?2 AND s.token LIKE ?3 "
        "|| '%' ORDER BY s.id LIMIT ?7",
        NL_VALUES(NL_INT(change->low), NL_INT(change->high), NL_STRING(change->prefix),
                  NL_STRING(change->first), NL_STRING(change->last), NL_INT(undoing->task),
                  NL_INT(AT_ONCE)));
}

/* *rest: there are more than one transaction takes. */
static enum nl_status undo_all_added(struct nl_store *store, struct undoing *undoing,
                                     const struct change *change, bool *rest,
                                     struct nl_error *err) {
    struct nl_buf rows = {0};
    enum nl_status status = find_added(store, undoing, change, &rows, err);
    const struct added *all = (const struct added *)(const void *)rows.data;
    size_t count = rows.len / sizeof *all;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = undo_added(store, &all[i], &undoing->tally, err);
    *rest = count == AT_ONCE;
    if (status == NL_OK && *rest)
        status = nl_sql_run(store, err, "UPDATE import_change SET low = ? WHERE id = ?",
                            NL_VALUES(NL_INT(all[count - 1].id), NL_INT(change->id)));
    nl_buf_free(&rows);
    return status;
}

/* ---- what was changed ---- */

/* Each value returns unless it was changed again since. */
static enum nl_status undo_person(struct nl_store *store, struct undoing *undoing,
                                  const struct change *change, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscriber SET "
        "name = CASE WHEN subscriber.name IS NOT DISTINCT FROM c.new_name THEN c.name ELSE "
        "subscriber.name END, "
        "language = CASE WHEN subscriber.language IS NOT DISTINCT FROM c.new_language THEN "
        "c.language ELSE subscriber.language END, "
        "attributes = CASE WHEN subscriber.attributes = c.new_attributes THEN c.attributes ELSE "
        "subscriber.attributes END FROM import_change c WHERE c.id = ?1 AND subscriber.id = "
        "c.subscriber AND subscriber.address_key LIKE '%@%' AND (subscriber.name IS NOT DISTINCT "
        "FROM c.new_name OR subscriber.language IS NOT DISTINCT FROM c.new_language OR "
        "subscriber.attributes = c.new_attributes) AND NOT EXISTS (SELECT 1 FROM event e JOIN task "
        "t ON t.id = ?2 WHERE e.subscriber = c.subscriber AND (e.id > t.event_mark OR e.at > "
        "t.accepted_at) AND e.kind IN "
        "('preferences', 'edited', 'address-changed'))",
        NL_VALUES(NL_INT(change->id), NL_INT(undoing->task)));
    bool restored = status == NL_OK && nl_sql_changes(store) > 0;
    undoing->tally.restored += restored;
    undoing->tally.kept += status == NL_OK && !restored;
    return status;
}

/* Nobody gets mail again who must not, or who has said anything since. */
static enum nl_status undo_state(struct nl_store *store, struct undoing *undoing,
                                 const struct change *change, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscription SET state = c.state, consent_at = c.consent_at, consent_source = "
        "c.consent_source, consent_ip = c.consent_ip, consent_version = c.consent_version, "
        "confirmed_at = c.confirmed_at, ended_at = c.ended_at, noticed_at = c.noticed_at, "
        "reconfirm_by = c.reconfirm_by, form_wording = c.form_wording, mail_wording = "
        "c.mail_wording, page_wording = c.page_wording FROM import_change c WHERE c.id = ?1 AND "
        "subscription.id = "
        "c.subscription AND subscription.state = c.new_state AND NOT EXISTS (SELECT 1 FROM "
        "subscription s JOIN subscriber r ON r.id = s.subscriber JOIN task t ON t.id = ?2 WHERE "
        "s.id = c.subscription AND (" ACTED " OR " SUPPRESSED "))",
        NL_VALUES(NL_INT(change->id), NL_INT(undoing->task)));
    bool restored = status == NL_OK && nl_sql_changes(store) > 0;
    undoing->tally.restored += restored;
    undoing->tally.kept += status == NL_OK && !restored;
    return restored ? nl_ledger_state(store, NULL, change->subscription, err) : status;
}

/* ---- one transaction ---- */

static void free_change(struct change *change) {
    free(change->prefix);
    free(change->first);
    free(change->last);
    *change = (struct change){0};
}

/* The last change first: a subscription that was changed twice gets its first state. */
static enum nl_status last_change(struct nl_store *store, int64_t task, struct change *out,
                                  bool *found, struct nl_error *err) {
    return nl_sql_first(
        store, err, found,
        "SELECT id, kind, low, high, prefix, first, last, subscriber, subscription FROM "
        "import_change WHERE task = ? ORDER BY id DESC LIMIT 1",
        NL_VALUES(NL_INT(task)),
        NL_COLUMNS(NL_INTO(&out->id), NL_INTO_FIXED(out->kind, sizeof out->kind),
                   NL_INTO(&out->low), NL_INTO(&out->high), NL_INTO(&out->prefix),
                   NL_INTO(&out->first), NL_INTO(&out->last), NL_INTO(&out->subscriber),
                   NL_INTO(&out->subscription)));
}

static enum nl_status undo_change(struct nl_store *store, struct undoing *undoing,
                                  const struct change *change, struct nl_error *err) {
    bool rest = false;
    enum nl_status status = change->subscription != 0 ? undo_state(store, undoing, change, err)
                            : change->subscriber != 0
                                ? undo_person(store, undoing, change, err)
                                : undo_all_added(store, undoing, change, &rest, err);
    return status == NL_OK && !rest
               ? nl_sql_run(store, err, "DELETE FROM import_change WHERE id = ?",
                            NL_VALUES(NL_INT(change->id)))
               : status;
}

static enum nl_status note(struct nl_store *store, const struct undoing *undoing,
                           struct nl_error *err) {
    const struct nl_undo_tally *tally = &undoing->tally;
    struct nl_buf text = {0};
    nl_buf_addf(&text, "%lld %lld %lld %lld", (long long)tally->removed, (long long)tally->ended,
                (long long)tally->restored, (long long)tally->kept);
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE task SET undo = ?1, state = CASE WHEN ?2 = 1 THEN 'undone' ELSE "
                   "state END, ended_at = CASE WHEN ?2 = 1 THEN ?3 ELSE ended_at END WHERE "
                   "id = ?4 AND state = 'undoing'",
                   NL_VALUES(NL_STRING(nl_buf_text(&text)), NL_INT(undoing->done),
                             NL_INT(nl_store_now(store)), NL_INT(undoing->task)));
    nl_buf_free(&text);
    return status;
}

static enum nl_status read_tally(struct nl_store *store, struct undoing *undoing,
                                 struct nl_error *err) {
    char *text = NULL;
    bool found = false;
    enum nl_status status =
        nl_sql_first(store, err, &found, "SELECT undo FROM task WHERE id = ? AND state = 'undoing'",
                     NL_VALUES(NL_INT(undoing->task)), NL_COLUMNS(NL_INTO(&text)));
    if (status == NL_OK && !found)
        status = nl_error_set(err, NL_NOTFOUND, "there is no import %lld that is being taken back",
                              (long long)undoing->task);
    nl_undo_tally_read(text != NULL ? text : "", &undoing->tally);
    free(text);
    return status;
}

static enum nl_status undo_part(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct undoing *undoing = ctx;
    bool many = false; /* enough for one transaction */
    enum nl_status status = read_tally(store, undoing, err);
    for (size_t i = 0; status == NL_OK && !many && !undoing->done && i < AT_ONCE; i++) {
        struct change change = {0};
        bool found = false;
        status = last_change(store, undoing->task, &change, &found, err);
        undoing->done = status == NL_OK && !found;
        if (status == NL_OK && found) {
            many = change.subscription == 0 && change.subscriber == 0;
            status = undo_change(store, undoing, &change, err);
        }
        free_change(&change);
    }
    if (status == NL_OK && undoing->done)
        status = nl_event_add(store, "import-undone", 0, 0, 0, NULL, err);
    return status == NL_OK ? note(store, undoing, err) : status;
}

enum nl_status nl_import_undo_part(struct nl_store *store, int64_t task, bool *done,
                                   struct nl_error *err) {
    struct undoing undoing = {.task = task};
    enum nl_status status = nl_sql_exclusive(store, undo_part, &undoing, err);
    *done = undoing.done;
    return status;
}
