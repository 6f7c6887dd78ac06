/* Writing to the ledger, in the transaction of what it tells. */
#ifndef NL_STORE_LEDGER_H
#define NL_STORE_LEDGER_H

#include "newsletter/db/sql.h"
#include "newsletter/store/ledger.h"

/* Appends entries: at the commit all of a transaction become one record; without a transaction,
 * which the program always has, they are one by themselves. */
NL_CHECKED enum nl_status nl_ledger_add(struct nl_store *store, const struct nl_buf *entries,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Where the entries of this transaction are gathered, to append to it without a copy; NULL without
 * a transaction. */
struct nl_buf *nl_ledger_open(struct nl_store *store) NL_ALL_NONNULL;

/* Appends an entry for a row of the history, or of the log of staff's actions, as it stands now. */
NL_CHECKED enum nl_status nl_ledger_event(struct nl_store *store, int64_t event,
                                          struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_ledger_action(struct nl_store *store, int64_t action,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* As nl_ledger_event for each of the `ids`, as nl_sql_add_id gathers them. */
NL_CHECKED enum nl_status nl_ledger_events(struct nl_store *store, const struct nl_buf *ids,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Appends that a row of `table` and what hung on it are gone. */
NL_CHECKED enum nl_status nl_ledger_removed(struct nl_store *store, const char *table, int64_t id,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Appends that events before a time were deleted. */
NL_CHECKED enum nl_status nl_ledger_pruned(struct nl_store *store, int64_t before,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Appends which subscriptions an import has added: those with an id after `low`. */
NL_CHECKED enum nl_status nl_ledger_imported(struct nl_store *store, const char *source,
                                             int64_t low, struct nl_error *err) NL_NONNULL(1, 4);

/* As nl_ledger_imported for one subscription whose state has changed without an event. */
NL_CHECKED enum nl_status nl_ledger_state(struct nl_store *store, const char *source,
                                          int64_t subscription, struct nl_error *err)
    NL_NONNULL(1, 4);

/* Appends the states of all subscriptions of a person. */
NL_CHECKED enum nl_status nl_ledger_states(struct nl_store *store, int64_t subscriber,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Appends the digests of an issue's editions; none once it was withdrawn. */
NL_CHECKED enum nl_status nl_ledger_issue(struct nl_store *store, int64_t issue, int64_t list,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Deliveries, which a run has by the name `owner`: leases; commit points, where ok[i] tells which
 * were recorded (not yet on a server, whose reply is to come); commit points that were withdrawn;
 * an outcome; a state that something else gave to many. */
struct nl_job;
struct nl_record;
NL_CHECKED enum nl_status nl_ledger_leased(struct nl_store *store, const char *owner, int64_t issue,
                                           const struct nl_job *jobs, size_t count,
                                           struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_ledger_commit_points(struct nl_store *store, const char *owner,
                                                  const int64_t *deliveries, size_t count,
                                                  const bool *ok, struct nl_error *err)
    NL_NONNULL(1, 2, 6);
NL_CHECKED enum nl_status nl_ledger_withdrawn(struct nl_store *store, const char *owner,
                                              const int64_t *deliveries, size_t count,
                                              struct nl_error *err) NL_NONNULL(1, 2, 5);
NL_CHECKED enum nl_status nl_ledger_outcome(struct nl_store *store, const char *owner,
                                            const struct nl_record *record,
                                            struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_ledger_set(struct nl_store *store, const char *state,
                                        const struct nl_buf *ids,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Appends that nobody at an address is mailed any more, or again. */
NL_CHECKED enum nl_status nl_ledger_suppressed(struct nl_store *store, const char *address_key,
                                               bool suppressed,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* A step of an approval, as its rows stand now: "ask", the kind of an answer, "withdraw", or
 * "issue" for one that was made of what was approved. */
struct nl_ledger_step {
    const char *name;
    int64_t question, word, issue; /* rows of approval, approval_word and issue; 0: none */
    const char *by;                /* where no row names somebody; NULL: nobody */
};
NL_CHECKED enum nl_status nl_ledger_approval(struct nl_store *store,
                                             const struct nl_ledger_step *step,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Adds a commitment of the office to these items, and frees them. */
NL_CHECKED enum nl_status nl_ledger_commit_office(struct nl_store *store, struct nl_buf *entry,
                                                  struct nl_buf *items,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Deletes the key of a person, after which nothing in the ledger tells who they were, and appends
 * that they are gone. */
NL_CHECKED enum nl_status nl_ledger_forget(struct nl_store *store, int64_t subscriber,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
