/* SQLite: what the files of this folder share. */
#ifndef NL_DB_SQLITE_SQLITE_H
#define NL_DB_SQLITE_SQLITE_H

#include "db/database.h"

#include <sqlite3.h>

/* A commit that makes the log longer than this many pages empties it into the database. Long work
 * does it earlier than all others, so that nobody else has its pages to write. */
#define NL_SQLITE_CHECKPOINTS "PRAGMA wal_autocheckpoint = 1000;"
#define NL_SQLITE_CHECKPOINTS_OF_LONG_WORK "PRAGMA wal_autocheckpoint = 900;"

struct nl_sqlite {
    sqlite3 *db;
    int lock_fd;     /* sqlite_lock.c; -1 until the first lock */
    int64_t version; /* sqlite_wait.c: of the file, as of the last wait */
    int patience;    /* sqlite_turn.c: milliseconds to wait for other writers */
    int64_t busy_since;
    bool waiting;      /* for another that writes */
    bool series;       /* of transactions: waiting between them, too */
    bool bulk;         /* many rows are being written */
    int64_t words_due; /* sqlite_search.c: people who are not in the index as they are now */
};

static inline struct nl_sqlite *nl_sqlite(const struct nl_store *store) {
    return store->link;
}

/* The status of the database's last failure, with what to do about it. */
enum nl_status nl_sqlite_error(struct nl_store *store, struct nl_error *err);

/* Runs statements without parameters, whose rows are of no interest. */
enum nl_status nl_sqlite_script(struct nl_store *store, const char *sql, struct nl_error *err);

/* sqlite_open.c */
enum nl_status nl_sqlite_create(const char *path, bool *created, struct nl_error *err);
void nl_sqlite_discard(const char *path);
enum nl_status nl_sqlite_check(const char *path, struct nl_error *err);
enum nl_status nl_sqlite_open(struct nl_store *store, const char *path, struct nl_error *err);
void nl_sqlite_close(struct nl_store *store);
void nl_sqlite_confine(struct nl_store *store, nl_store_visit_path *visit, void *ctx);

/* sqlite_lock.c. The operating system drops locks with the process that holds them. */
enum nl_status nl_sqlite_open_lock_file(const struct nl_store *store, int *fd,
                                        struct nl_error *err);
enum nl_status nl_sqlite_lock(struct nl_store *store, int64_t what, int64_t *holder,
                              struct nl_error *err);
void nl_sqlite_unlock(struct nl_store *store, int64_t what);
enum nl_status nl_sqlite_take_permit(struct nl_store *store, uint32_t key, bool *taken,
                                     struct nl_error *err);
void nl_sqlite_return_permit(struct nl_store *store, uint32_t key);

/* sqlite_turn.c. The end of a statement is the end of waiting for it. */
void nl_sqlite_set_patience(struct nl_store *store, int milliseconds_to_wait);
void nl_sqlite_end_waiting(struct nl_store *store);
void nl_sqlite_give_way(struct nl_store *store);
void nl_sqlite_series(struct nl_store *store, bool begins);

/* sqlite_attribute.c */
void nl_sqlite_add_attribute(sqlite3 *db);

/* sqlite_search.c: notes changes of people, and brings their index up to date, before a commit. */
void nl_sqlite_follow_words(struct nl_store *store);
enum nl_status nl_sqlite_index_words(struct nl_store *store, struct nl_error *err);
enum nl_status nl_sqlite_index_people(struct nl_store *store, struct nl_error *err);
enum nl_status nl_sqlite_merge_people(struct nl_store *store, struct nl_error *err);

/* sqlite_wait.c */
enum nl_status nl_sqlite_wait(struct nl_store *store, int64_t seconds,
                              const volatile sig_atomic_t *stop, struct nl_error *err);

/* sqlite_backup.c. nl_sqlite_copy makes a new file. */
enum nl_status nl_sqlite_backup(struct nl_store *store, const char *path, struct nl_error *err);
enum nl_status nl_sqlite_settle(const char *path, struct nl_error *err);
/* The same with each index, and one that is damaged is made again. */
enum nl_status nl_sqlite_settle_restored(const char *path, struct nl_error *err);
enum nl_status nl_sqlite_copy(sqlite3 *source, const char *path, struct nl_error *err);

/* sqlite_restore.c */
bool nl_sqlite_is_backup(const char *path);
enum nl_status nl_sqlite_hold(const char *database, int *hold, struct nl_error *err);
enum nl_status nl_sqlite_copy_file(const char *source, const char *path, const char *database,
                                   struct nl_error *err);
enum nl_status nl_sqlite_replace(const char *database, const char *fresh, const char *kept,
                                 bool *replaced, struct nl_error *err);

/* sqlite_sync.c */
enum nl_status nl_sqlite_sync_start(struct nl_store *store, void **out, struct nl_error *err);
void nl_sqlite_sync_request(void *state);
int nl_sqlite_sync_fd(const void *state);
enum nl_status nl_sqlite_sync_poll(void *state, bool *done, struct nl_error *err);
enum nl_status nl_sqlite_sync_stop(void *state, struct nl_error *err);

/* sqlite_upkeep.c */
enum nl_status nl_sqlite_examine(struct nl_store *store, struct nl_buf *problem,
                                 struct nl_error *err);
enum nl_status nl_sqlite_migrating(struct nl_store *store, bool begins, struct nl_error *err);
enum nl_status nl_sqlite_references_hold(struct nl_store *store, bool *hold, struct nl_error *err);
void nl_sqlite_bulk_load(struct nl_store *store, bool begins);
void nl_sqlite_set_durable(struct nl_store *store, bool durable);
void nl_sqlite_empty_log(struct nl_store *store);
enum nl_status nl_sqlite_read_only(struct nl_store *store, struct nl_error *err);
enum nl_status nl_sqlite_reindex(struct nl_store *store, struct nl_error *err);

#endif
