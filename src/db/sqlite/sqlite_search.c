#include "db/sqlite/sqlite.h"

#include <string.h>

/* The index of people (migration 0027). Triggers note whose words have changed, and every commit
 * brings the index up to date first. A commit of a few rows costs the index as much as one of
 * hundreds, so an import leaves them until there are many. Others leave them to the import, as
 * nobody who signs up should wait for the rows of a file: a FEW more than their own they take.
 *
 * Each commit leaves a part of the index by itself. Parts are merged by STEPs of this many pages.
 */
enum { MANY = 2000, FEW = 64, STEP = 100 };

static void note_change(void *ctx, int operation, const char *database, const char *table,
                        sqlite3_int64 row) {
    struct nl_sqlite *link = ctx;
    (void)database;
    (void)row;
    if (operation == SQLITE_INSERT && strcmp(table, "subscriber_due") == 0)
        link->words_due++;
}

void nl_sqlite_follow_words(struct nl_store *store) {
    struct nl_sqlite *link = nl_sqlite(store);
    sqlite3_update_hook(link->db, note_change, link);
}

static enum nl_status index_due(struct nl_store *store, struct nl_error *err) {
    /* A cross join keeps its order (SQLite): those that are due, and not all people, are walked. */
    static const char *const steps[] = {
        ("INSERT INTO subscriber_text (subscriber_text, rowid, words) SELECT 'delete', subscriber, "
         "words FROM subscriber_due WHERE words IS NOT NULL"),
        ("INSERT INTO subscriber_text (rowid, words) SELECT w.id, w.words FROM subscriber_due d "
         "CROSS JOIN subscriber_words w ON w.id = d.subscriber"),
        "DELETE FROM subscriber_due",
    };
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i], NL_NO_VALUES);
    if (status == NL_OK)
        nl_sqlite(store)->words_due = 0;
    return status;
}

static enum nl_status index_few(struct nl_store *store, struct nl_error *err) {
    struct nl_sqlite *link = nl_sqlite(store);
    int64_t most = link->words_due + FEW;
    int64_t due = 0;
    enum nl_status status = nl_sql_number(
        store, err, &due, NULL, "SELECT count(*) FROM (SELECT 1 FROM subscriber_due LIMIT ?)",
        NL_VALUES(NL_INT(most + 1)));
    link->words_due = 0;
    return status == NL_OK && due <= most ? index_due(store, err) : status;
}

/* A negative number of pages makes all parts one, in the end. */
static enum nl_status merge(struct nl_store *store, int pages, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO subscriber_text (subscriber_text, rank) VALUES ('merge', ?)",
                      NL_VALUES(NL_INT(pages)));
}

static enum nl_status index_many(struct nl_store *store, struct nl_error *err) {
    enum nl_status status = index_due(store, err);
    return status == NL_OK ? merge(store, STEP, err) : status;
}

enum nl_status nl_sqlite_index_words(struct nl_store *store, struct nl_error *err) {
    const struct nl_sqlite *link = nl_sqlite(store);
    if (link->bulk)
        return link->words_due > MANY ? index_many(store, err) : NL_OK;
    return link->words_due > 0 ? index_few(store, err) : NL_OK;
}

static enum nl_status index_now(struct nl_store *store, void *ctx, struct nl_error *err) {
    (void)ctx;
    return index_due(store, err);
}

enum nl_status nl_sqlite_index_people(struct nl_store *store, struct nl_error *err) {
    bool due = false;
    enum nl_status status =
        nl_sql_exists(store, err, &due, "SELECT 1 FROM subscriber_due", NL_NO_VALUES);
    return status == NL_OK && due ? nl_sql_exclusive(store, index_now, NULL, err) : status;
}

enum nl_status nl_sqlite_merge_people(struct nl_store *store, struct nl_error *err) {
    sqlite3 *db = nl_sqlite(store)->db;
    enum nl_status status = nl_sqlite_index_people(store, err);
    int changes = 2; /* the command itself is one; more: there was something to merge */
    for (int pages = -STEP; status == NL_OK && changes > 1; pages = STEP) {
        int before = sqlite3_total_changes(db);
        status = merge(store, pages, err);
        changes = sqlite3_total_changes(db) - before;
        nl_sqlite_give_way(store);
    }
    return status;
}
