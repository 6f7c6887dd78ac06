/* The open database. This header says nothing of SQL, so that any engine can lie under it. */
#ifndef NEWSLETTER_DB_HANDLE_H
#define NEWSLETTER_DB_HANDLE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/env.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_store;

/* Whether a database's name is that of a file on this machine; else it is the URL of a server. */
bool nl_store_is_file(const char *path) NL_ALL_NONNULL;

/* Whether a URL holds a password, which then must not be seen where the URL is. */
bool nl_store_has_password(const char *path) NL_ALL_NONNULL;

/* Creates the database with mode 0600 where there is none and brings it to the present schema.
 * `*created` tells whether it was new. Harmless on one that exists. */
NL_CHECKED enum nl_status nl_store_create(const char *path, const struct nl_env *env, bool *created,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Opens an existing database and applies pending migrations, each in one transaction. A newer
 * schema than this binary knows, a damaged file or a missing one is an error. `env` is copied; its
 * context must outlive the store. Close with nl_store_close. */
NL_CHECKED enum nl_status nl_store_open(const char *path, const struct nl_env *env,
                                        struct nl_store **out, struct nl_error *err) NL_ALL_NONNULL;

/* The number of the newest migration that a database has had, and of the newest that this binary
 * has. */
struct nl_schema {
    int64_t applied, newest;
};

/* Looks at a database without changing it: no migration is applied, and a backup stays a backup. A
 * later schema than this binary has is not an error here; one whose migrations differ is. */
NL_CHECKED enum nl_status nl_store_schema(const char *path, const struct nl_env *env,
                                          struct nl_schema *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Calls `visit` with each file and folder that this store, and others on the same database, will
 * open or make from now on: a connection that is lost is made again. Temporary files of the engine
 * lie there too, once this was called. Before other threads start. */
typedef void nl_store_visit_path(const char *path, bool writes, void *ctx);
void nl_store_confine(struct nl_store *store, nl_store_visit_path *visit, void *ctx)
    NL_NONNULL(1, 2);

void nl_store_close(struct nl_store *store);

/* The name that messages give it: the file, or the URL without its password. */
const char *nl_store_name(const struct nl_store *store) NL_ALL_NONNULL;

/* The environment that upper layers use: the one the store was opened with, but a server's clock
 * where the database is on a server. */
const struct nl_env *nl_store_env(const struct nl_store *store) NL_ALL_NONNULL;

/* The time of that environment, in UTC seconds. */
int64_t nl_store_now(const struct nl_store *store) NL_ALL_NONNULL;

/* The installation's own random key, made with the database; keys the MACs of nl_mac. */
const char *nl_store_secret(const struct nl_store *store) NL_ALL_NONNULL;

/* Whether a server keeps the database, so that each question is a round trip. */
bool nl_store_is_served(const struct nl_store *store) NL_ALL_NONNULL;

/* Transactions; nothing nests. A commit is durable on disk when it returns. Rolling back where no
 * transaction is open does nothing. Exclusive transactions run one after the other, so that one may
 * rely on what it has read. Shared ones run at the same time as others: for a caller that changes
 * only its own rows. */
NL_CHECKED enum nl_status nl_store_begin_exclusive(struct nl_store *store,
                                                   struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_store_begin_shared(struct nl_store *store,
                                                struct nl_error *err) NL_ALL_NONNULL;
/* As shared, for a few statements without a question between them: nl_sql_run, nl_sql_run_ids and
 * nl_sql_later may only note what is to be run. It travels with the next statement whose rows are
 * wanted at once, at the latest with the commit, so that all of it costs one round trip to a
 * server. So what they change, and what failed, is known after the commit; nl_sql_changes knows
 * nothing of them. */
NL_CHECKED enum nl_status nl_store_begin_together(struct nl_store *store,
                                                  struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_store_commit(struct nl_store *store,
                                          struct nl_error *err) NL_ALL_NONNULL;
void nl_store_rollback(struct nl_store *store) NL_ALL_NONNULL;

/* Begins a transaction for reading that sees everything as it is now, while others go on writing.
 * End it with nl_store_rollback. */
NL_CHECKED enum nl_status nl_store_begin_reading(struct nl_store *store,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Appends what is wrong with the database's pages, indexes and references; nothing if it is whole.
 */
NL_CHECKED enum nl_status nl_store_examine(struct nl_store *store, struct nl_buf *problem,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Builds all indexes again from their tables. */
NL_CHECKED enum nl_status nl_store_reindex(struct nl_store *store,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Tells the engine that many rows are about to be written, or have been. Outside a transaction. */
void nl_store_bulk_load(struct nl_store *store, bool begins) NL_ALL_NONNULL;

/* Refuses all writing through this store from now on. */
NL_CHECKED enum nl_status nl_store_read_only(struct nl_store *store,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Whether a commit through this store is on the disk when it returns, as it is unless this says
 * otherwise. If not, a loss of power may take the last commits away, as if they had never been; a
 * durable one keeps all before it. For steps that are done again where they are lost. */
void nl_store_set_durable(struct nl_store *store, bool durable) NL_ALL_NONNULL;

/* Between two short transactions of long work: lets all others who wait to write go first. Never
 * waits long. A server's locks are a queue, so there is nothing to do for them. */
void nl_store_give_way(struct nl_store *store) NL_ALL_NONNULL;

/* A series of short transactions, for which somebody waits, begins or ends. Long work of others
 * gives way to all of it, and not to each transaction by itself. A series that turns out to be long
 * work, as it gives way, no longer counts as one. */
void nl_store_series(struct nl_store *store, bool begins) NL_ALL_NONNULL;

/* How long a transaction waits for another that writes before it fails as NL_BUSY; 10 seconds
 * unless it is set. Only SQLite, with its one writer, takes notice. */
void nl_store_set_patience(struct nl_store *store, int milliseconds) NL_ALL_NONNULL;

/* Brings the index of people up to date where another program, such as SQLite's shell, has changed
 * them; what this one changes is in it with the same commit. Not within a transaction. */
NL_CHECKED enum nl_status nl_store_index_people(struct nl_store *store,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* SQLite overwrites deleted rows in its file; after this its log holds them no longer either. To
 * be called after deleting personal data; within a transaction, it is done at the end of that. */
void nl_store_empty_log(struct nl_store *store) NL_ALL_NONNULL;

/* Locks one thing among all processes on this database until it is unlocked or the process ends:
 * NL_LOCK_RETRY or an issue's id. NL_BUSY names the holder's process in *holder. An issue in the
 * database of a server is never locked: several processes may send it at the same time. */
enum { NL_LOCK_RETRY = 0 };
NL_CHECKED enum nl_status nl_store_lock(struct nl_store *store, int64_t what, int64_t *holder,
                                        struct nl_error *err) NL_ALL_NONNULL;
void nl_store_unlock(struct nl_store *store, int64_t what) NL_ALL_NONNULL;

/* Whether the holder of an issue's lock is the only process that sends it. */
bool nl_store_locks_issues(const struct nl_store *store) NL_ALL_NONNULL;

/* One of several numbered permits under a name, for one process at a time: *taken tells whether it
 * is ours now. It ends with nl_store_return_permit or the process. A permit that we hold already
 * can be taken again, so the caller keeps count. */
NL_CHECKED enum nl_status nl_store_take_permit(struct nl_store *store, const char *name,
                                               int64_t number, bool *taken,
                                               struct nl_error *err) NL_ALL_NONNULL;
void nl_store_return_permit(struct nl_store *store, const char *name,
                            int64_t number) NL_ALL_NONNULL;

#endif
