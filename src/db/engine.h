/* The table of functions that each database engine fills in, in a folder of its own: nothing
 * outside that folder knows its library. */
#ifndef NL_DB_ENGINE_H
#define NL_DB_ENGINE_H

#include "newsletter/base/embedded.h"
#include "newsletter/db/handle.h"
#include "newsletter/db/sql.h"
#include "newsletter/db/wait.h"

struct nl_engine {
    struct nl_dialect dialect;
    const struct nl_embedded *migrations;
    bool locks_issues; /* only the holder of an issue's lock sends it */
    bool has_arrays;   /* a parameter may stand for many ids */
    bool has_parts;    /* deliveries are partitioned by issue */

    /* Makes the place for a database, so that open finds it. */
    enum nl_status (*create)(const char *path, bool *created, struct nl_error *err);
    void (*discard)(const char *path); /* what create made, when nothing came of it */
    /* Whether there is one. */
    enum nl_status (*check)(const char *path, struct nl_error *err);
    /* Sets store->link; store->path is what messages call it. */
    enum nl_status (*open)(struct nl_store *store, const char *path, struct nl_error *err);
    void (*close)(struct nl_store *store);
    void (*confine)(struct nl_store *store, nl_store_visit_path *visit, void *ctx);

    /* A handle stands for a statement with parameters ?, ?1, ... An `insert` tells the id of its
     * row by `inserted`. */
    enum nl_status (*prepare)(struct nl_store *store, const char *sql, bool insert, void **handle,
                              struct nl_error *err);
    /* The values outlive the statement's run. */
    enum nl_status (*bind)(struct nl_store *store, void *handle, const struct nl_value *values,
                           size_t count, struct nl_error *err);
    enum nl_status (*step)(struct nl_store *store, void *handle, bool *row, struct nl_error *err);
    void (*reset)(void *handle);
    void (*finalize)(void *handle);
    int64_t (*inserted)(struct nl_store *store, void *handle);
    int64_t (*changes)(const struct nl_store *store);
    bool (*is_duplicate)(const struct nl_store *store);
    /* Several statements without parameters. */
    enum nl_status (*script)(struct nl_store *store, const char *sql, struct nl_error *err);

    /* `later` notes a statement that is sent with the next one whose rows are wanted at once, with
     * the commit or by `flush`; then its rows go to `each`, which may be NULL. The handle and the
     * context live until then, the values do not. The first failure is told by what sent it. NULL:
     * there is nothing to gain. */
    enum nl_status (*later)(struct nl_store *store, void *handle, const struct nl_value *values,
                            size_t count, nl_sql_visit *each, void *context, struct nl_error *err);
    enum nl_status (*flush)(struct nl_store *store, struct nl_error *err);

    /* Columns of the row that was stepped to; 0 or NULL where there is none. Borrowed data ends
     * with the next step. */
    int64_t (*number)(void *handle, int column);
    double (*real)(void *handle, int column);
    const char *(*text)(void *handle, int column);
    const void *(*bytes)(void *handle, int column, size_t *len);
    bool (*is_null)(void *handle, int column);

    /* Transactions: exclusive among all that ask for that, or shared with others that write. */
    enum nl_status (*begin)(struct nl_store *store, bool exclusive, struct nl_error *err);
    /* A shared one that begins with what is noted by `later`. NULL where there is no `later`. */
    enum nl_status (*begin_later)(struct nl_store *store, struct nl_error *err);
    /* The statement that begins one which only reads; NULL where reading costs nothing to begin. */
    const char *begin_reading;
    enum nl_status (*commit)(struct nl_store *store, struct nl_error *err);
    void (*rollback)(struct nl_store *store);

    /* As in handle.h, wait.h and sync.h; with NL_BUSY `lock` fills in only the holder; `backup`
     * writes a new file at `path`. */
    enum nl_status (*lock)(struct nl_store *store, int64_t what, int64_t *holder,
                           struct nl_error *err);
    void (*unlock)(struct nl_store *store, int64_t what);
    /* `key` stands for a name and a number. */
    enum nl_status (*take_permit)(struct nl_store *store, uint32_t key, bool *taken,
                                  struct nl_error *err);
    void (*return_permit)(struct nl_store *store, uint32_t key);
    enum nl_status (*wait)(struct nl_store *store, int64_t seconds,
                           const volatile sig_atomic_t *stop, struct nl_error *err);
    enum nl_status (*examine)(struct nl_store *store, struct nl_buf *problem, struct nl_error *err);
    enum nl_status (*backup)(struct nl_store *store, const char *path, struct nl_error *err);
    /* Backups are files, and only the engine of files has these five: whether `path` is a backup,
     * and not a database in use; making a copy one file by itself, and checking that it is whole; a
     * lock that keeps all others out until *hold is closed; a new file
     * at `path` with what is in `source`, for the owner of `database`; the place of the database
     * for the file `fresh`, where the old one is *replaced if there was one. */
    bool (*is_backup)(const char *path);
    enum nl_status (*settle)(const char *path, struct nl_error *err);
    enum nl_status (*hold)(const char *database, int *hold, struct nl_error *err);
    enum nl_status (*copy_file)(const char *source, const char *path, const char *database,
                                struct nl_error *err);
    enum nl_status (*replace)(const char *database, const char *fresh, const char *kept,
                              bool *replaced, struct nl_error *err);
    enum nl_status (*sync_start)(struct nl_store *store, void **out, struct nl_error *err);
    void (*sync_request)(void *state);
    int (*sync_fd)(const void *state);
    enum nl_status (*sync_poll)(void *state, bool *done, struct nl_error *err);
    enum nl_status (*sync_stop)(void *state, struct nl_error *err);

    /* Migrations are about to replace tables, or have done so: references are not checked in
     * between. */
    enum nl_status (*migrating)(struct nl_store *store, bool begins, struct nl_error *err);
    /* Whether each reference leads to a row. */
    enum nl_status (*references_hold)(struct nl_store *store, bool *hold, struct nl_error *err);
    /* How long a transaction waits for another that writes. NULL where the engine has no such
     * limit. */
    void (*set_patience)(struct nl_store *store, int milliseconds);
    enum nl_status (*read_only)(struct nl_store *store, struct nl_error *err);
    void (*give_way)(struct nl_store *store); /* NULL: others have their turn in any case */
    void (*series)(struct nl_store *store, bool begins); /* or NULL, with it */
    /* Many rows are about to be written, or have been. */
    void (*bulk_load)(struct nl_store *store, bool begins);
    /* Whether a commit is on the disk when it returns. */
    void (*set_durable)(struct nl_store *store, bool durable);
    /* Nothing that was deleted stays in a log. NULL: that is not the engine's to say. */
    void (*empty_log)(struct nl_store *store);
    /* As in handle.h. NULL: the index is always up to date. */
    enum nl_status (*index_people)(struct nl_store *store, struct nl_error *err);
    /* Begins a transaction that sees everything as it is now. Exclusive: all others that write wait
     * for its end. */
    enum nl_status (*snapshot)(struct nl_store *store, bool exclusive, struct nl_error *err);
    /* All rows have been copied in. */
    enum nl_status (*after_copy)(struct nl_store *store, struct nl_error *err);
    /* Builds all indexes again from their tables. */
    enum nl_status (*reindex)(struct nl_store *store, struct nl_error *err);
};

extern const struct nl_embedded nl_embedded_migrations[];
extern const struct nl_embedded nl_embedded_migrations_postgresql[];

extern const struct nl_engine nl_engine_sqlite;
#ifdef NL_POSTGRESQL
extern const struct nl_engine nl_engine_postgres;
#endif

#endif
