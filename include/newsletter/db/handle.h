/* The store: everything newsletter remembers. This header says nothing of SQL, so that another
 * engine can stand behind it. */
#ifndef NEWSLETTER_DB_HANDLE_H
#define NEWSLETTER_DB_HANDLE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/env.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_store;

/* Whether a database's name is that of a file on this machine; else it is the URL of a server. */
bool nl_store_is_file(const char *path);

/* Whether a URL holds a password, which then must not be seen where the URL is. */
bool nl_store_has_password(const char *path);

/* Creates the database with mode 0600 where there is none and brings it to the present schema.
 * `*created` tells whether it was new. Harmless on a present one. */
enum nl_status nl_store_create(const char *path, const struct nl_env *env, bool *created,
                               struct nl_error *err);

/* Opens an existing database and applies pending migrations, each in one transaction. A newer
 * schema than this binary knows, a damaged file or a missing one is an error. `env` must outlive
 * the store. Close with nl_store_close. */
enum nl_status nl_store_open(const char *path, const struct nl_env *env, struct nl_store **out,
                             struct nl_error *err);

void nl_store_close(struct nl_store *store);

/* What messages call it: the file, or the URL without its password. */
const char *nl_store_name(const struct nl_store *store);

/* The environment the store was opened with. */
const struct nl_env *nl_store_env(const struct nl_store *store);

/* The installation's own random key, made with the database; keys the MACs of nl_mac. */
const char *nl_store_secret(const struct nl_store *store);

/* Transactions; nothing nests. A commit is durable on disk when it returns. Rolling back where no
 * transaction is open does nothing. */
enum nl_status nl_store_begin(struct nl_store *store, struct nl_error *err);

/* As nl_store_begin, but others may write at the same time: for who changes only what is its own.
 */
enum nl_status nl_store_begin_beside(struct nl_store *store, struct nl_error *err);
enum nl_status nl_store_commit(struct nl_store *store, struct nl_error *err);
void nl_store_rollback(struct nl_store *store);

/* Appends what is wrong with the database's pages, indexes and references; nothing if it is whole.
 */
enum nl_status nl_store_examine(struct nl_store *store, struct nl_buf *problem,
                                struct nl_error *err);

/* Locks one thing among all processes on this database until it is unlocked or the process ends:
 * NL_LOCK_RETRY or an issue's id. NL_BUSY names the holder's process in *holder. An issue in the
 * database of a server is everybody's to send at the same time. */
enum { NL_LOCK_RETRY = 0 };
enum nl_status nl_store_lock(struct nl_store *store, int64_t what, int64_t *holder,
                             struct nl_error *err);
void nl_store_unlock(struct nl_store *store, int64_t what);

/* One of several numbered slots under a name, for one process at a time: *taken tells whether it is
 * ours now. It ends with nl_store_leave_slot or the process. What we hold already can be taken
 * again, so the caller keeps count. */
enum nl_status nl_store_take_slot(struct nl_store *store, const char *name, int64_t number,
                                  bool *taken, struct nl_error *err);
void nl_store_leave_slot(struct nl_store *store, const char *name, int64_t number);

#endif
