/* One row of an import against what is known, within a transaction of the caller's. */
#ifndef NL_STORE_IMPORT_ROW_H
#define NL_STORE_IMPORT_ROW_H

#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/import_job.h"

enum { NL_IMPORT_BULK = 64 }; /* how many new people one statement brings in */

struct nl_import {
    struct nl_store *store;
    const struct nl_import_policy *policy;
    bool ended; /* its transaction */
    bool any_suppressed,
        any_erased; /* whether the table has any rows, so that each import row must be looked up */
    unsigned char uuid[16]; /* of the subscriber last added */
    char prefix[5];         /* of all tokens of this import; "" before the first */
    struct nl_buf people_sql, subscriptions_sql; /* import_bulk.c */
    struct nl_statement *people, *subscriptions; /* NULL before they are needed */
    size_t newcomers;                            /* among the last NL_IMPORT_BULK rows */
    int64_t wording; /* that its policy states; 0: none. As of the beginning of the transaction */
    int64_t task;    /* whose import it is, so that it can be taken back; 0: of nobody */
    int64_t low;     /* import_trace.c: the last subscription before this transaction */
    char first[NL_TOKEN_LEN + 1]; /* and the UUID from which those of new people count up */
};

/* A row as it is taken in: all borrowed. */
struct nl_import_item {
    int64_t list;
    struct nl_address address; /* text and key only */
    struct nl_member member;
    char uuid[37]; /* of the person, if they are new */
};

/* At the beginning of each transaction: what the database says of everybody. */
NL_CHECKED enum nl_status nl_import_look(struct nl_import *import,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Whether somebody must not come in: *outcome is then the reason, else NL_IMPORT_ADDED. */
NL_CHECKED enum nl_status nl_import_obstacle(struct nl_import *import,
                                             const struct nl_address *address,
                                             enum nl_import_outcome *outcome,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* import_trace.c: what is noted of an import, so that it can be taken back where it has a task. At
 * the beginning and the end of each transaction: who was added in it; the ledger has it, too. */
NL_CHECKED enum nl_status nl_import_trace_begin(struct nl_import *import,
                                                struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_import_trace_end(struct nl_import *import,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Before a person is updated, or the state of a subscription is changed to `state`. */
NL_CHECKED enum nl_status nl_import_trace_person(struct nl_import *import, int64_t subscriber,
                                                 const struct nl_member *member,
                                                 struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_import_trace_state(struct nl_import *import, int64_t subscription,
                                                enum nl_subscription_state state,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Make the UUID of the next person who is new, and the token of their subscription. */
void nl_import_uuid(struct nl_import *import, char out[37]);
void nl_import_token(struct nl_import *import, char out[37]);

/* The values of a row with what stands for those that it lacks. */
struct nl_import_facts {
    enum nl_subscription_state state;
    int64_t consent_at, confirmed_at, ended_at, created_at; /* 0: none */
    const char *consent_source;
    int64_t wording; /* that goes with it; 0: none */
};
void nl_import_facts(const struct nl_import *import, const struct nl_member *member,
                     enum nl_subscription_state state, struct nl_import_facts *out);

/* The state that a row wants. */
enum nl_subscription_state nl_import_wanted(const struct nl_member *member);
bool nl_import_is_open_state(enum nl_subscription_state state);

/* import_bulk.c: takes rows in, in their order, and counts what came of them. */
NL_CHECKED enum nl_status nl_import_items(struct nl_import *import, struct nl_import_item *items,
                                          size_t count, struct nl_import_tally *tally,
                                          struct nl_error *err) NL_ALL_NONNULL;
void nl_import_end_bulk(struct nl_import *import);

#endif
