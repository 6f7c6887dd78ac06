/* Subscriptions with their people, as they are carried in and out. */
#ifndef NEWSLETTER_STORE_MEMBER_H
#define NEWSLETTER_STORE_MEMBER_H

#include "newsletter/base/address.h"
#include "newsletter/base/segment.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/state.h"

/* All borrowed. Optional texts are NULL, times that are not known 0. */
struct nl_member {
    const char *address, *name, *language;
    const char *attributes;           /* a JSON object */
    const char *list;                 /* its name */
    enum nl_subscription_state state; /* ANY: a row does not say, so that they are active */
    bool blocked;                     /* in a row: never to be mailed, whatever its state */
    const char *consent_source, *consent_ip, *consent_version;
    int64_t consent_at, confirmed_at, ended_at, created_at;
};

/* Which subscriptions: 0, ANY and NULL stand for all. */
struct nl_member_filter {
    int64_t list;
    enum nl_subscription_state state;
    const struct nl_segment *segment;
};

/* Calls `each` for subscriptions, in the order in which they were made. */
NL_CHECKED enum nl_status nl_members_each(struct nl_store *store,
                                          const struct nl_member_filter *filter,
                                          enum nl_status (*each)(const struct nl_member *member,
                                                                 void *ctx, struct nl_error *err),
                                          void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* ---- bringing in ---- */

struct nl_import_policy {
    const char *consent; /* where consent was given, for rows that do not say */
    const char *wording; /* the text that these people were shown; NULL: it is not known */
    bool confirm;        /* who would be active is pending, and gets a mail to confirm */
    bool update;         /* names, languages and attributes replace those that are known */
};

enum nl_import_outcome {
    NL_IMPORT_ADDED,
    NL_IMPORT_UPDATED,    /* on the list already: the person or their state has changed */
    NL_IMPORT_UNCHANGED,  /* on the list already, or twice in the file */
    NL_IMPORT_ENDED,      /* unsubscribed, bounced or complained before: never revived */
    NL_IMPORT_SUPPRESSED, /* never mailed, whatever an import says */
    NL_IMPORT_ERASED,     /* asked to be forgotten */
    NL_IMPORT_BLOCKED,    /* suppressed from now on, as the row says */
    NL_IMPORT_OUTCOMES
};

struct nl_import_result {
    enum nl_import_outcome outcome;
    enum nl_subscription_state state; /* of the subscription that was added */
    bool ended;                       /* the row has ended a subscription */
};

struct nl_import;

/* Begins: everything until nl_import_end is one transaction. */
NL_CHECKED enum nl_status nl_import_begin(struct nl_store *store,
                                          const struct nl_import_policy *policy,
                                          struct nl_import **out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Takes one row in for `list`. `address` is the member's. A row that says that somebody has left
 * ends their subscription, unless they have confirmed it here after that day. */
NL_CHECKED enum nl_status nl_import_row(struct nl_import *import, int64_t list,
                                        const struct nl_address *address,
                                        const struct nl_member *member,
                                        struct nl_import_result *result,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Keeps all of it, durably, with `detail` in the history, or nothing. Frees `import`, also when it
 * fails. */
NL_CHECKED enum nl_status nl_import_end(struct nl_import *import, bool keep, const char *detail,
                                        struct nl_error *err) NL_NONNULL(1, 4);

/* Gives up: nothing of it is kept. Frees `import`; NULL is harmless. */
void nl_import_drop(struct nl_import *import);

#endif
