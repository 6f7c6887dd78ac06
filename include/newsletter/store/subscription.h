/* Joining and leaving a list: double opt-in, tokens, consent. */
#ifndef NEWSLETTER_STORE_SUBSCRIPTION_H
#define NEWSLETTER_STORE_SUBSCRIPTION_H

#include "newsletter/base/address.h"
#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/state.h"

/* The data that a form or an operator gave. Optional texts are NULL. */
struct nl_signup {
    int64_t list;
    const struct nl_address *address;
    const char *name;
    const char *language;
    const char *attributes;   /* a JSON object */
    const char *source;       /* where consent was given, such as a page's name */
    const char *ip;           /* from where */
    const char *text_version; /* which wording was agreed to, by the configuration */
    int64_t wording;          /* of the form (store/consent_wording.h); 0: not known */
    int64_t resend_interval;  /* seconds between two notices to one subscription */
};

/* Records a sign-up and queues the notice that answers it: the confirmation mail, or a mail that
 * says that the person is on the list already; at most one per interval, and none for a suppressed
 * address. `*notice` is the queued delivery, or 0. It reveals who is on the list, so it must not
 * reach the public. Every path does the same kind of work: one durable transaction. */
NL_CHECKED enum nl_status nl_subscribe(struct nl_store *store, const struct nl_signup *signup,
                                       int64_t *notice, struct nl_error *err) NL_ALL_NONNULL;

/* The state of an address's subscription to a list; *state is NL_SUBSCRIPTION_ANY without one. */
NL_CHECKED enum nl_status nl_subscription_find(struct nl_store *store,
                                               const struct nl_address *address, int64_t list,
                                               enum nl_subscription_state *state,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The result of using a token. */
struct nl_token_result {
    int64_t list;
    int64_t notice;    /* the delivery queued to tell the subscriber, or 0 */
    char language[36]; /* the subscriber's, or "" */
    bool already;      /* the subscription was in that state before: nothing has changed */
    bool undoable;     /* it ended a short while ago: nl_unsubscribe_undo would revive it */
    int64_t subscriber;
};

struct nl_confirming {
    bool welcome;    /* with a mail */
    int64_t wording; /* of the page with the button (store/consent_wording.h); 0: not known */
};

/* Uses a confirmation token: pending becomes active and every other open link of that subscription
 * is closed; with `welcome` the welcoming mail is queued. The wordings of the mail with the token
 * and of the page are kept. Using a token again succeeds while the
 * subscription is active. `token` is the text that arrived: a token or a text that holds one, as
 * nl_token_find takes it. NL_DATA malformed, NL_NOTFOUND unknown, NL_EXPIRED, NL_USED. */
NL_CHECKED enum nl_status nl_confirm(struct nl_store *store, const char *token,
                                     const struct nl_confirming *how, struct nl_token_result *out,
                                     struct nl_error *err) NL_ALL_NONNULL;

/* Returns the result that nl_confirm would have, without using the token. */
NL_CHECKED enum nl_status nl_confirm_check(struct nl_store *store, const char *token,
                                           struct nl_token_result *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Ends the subscription that a List-Unsubscribe token belongs to. Repeating it is harmless. With
 * `goodbye` a farewell mail is queued if the subscription was active. `token` as for nl_confirm.
 * NL_DATA malformed, NL_NOTFOUND unknown. */
NL_CHECKED enum nl_status nl_unsubscribe_token(struct nl_store *store, const char *token,
                                               bool goodbye, struct nl_token_result *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Revives a subscription that its own link has ended within the last day, as its holder had
 * confirmed it. NL_NOTFOUND for any other. `token` as for nl_confirm. */
NL_CHECKED enum nl_status nl_unsubscribe_undo(struct nl_store *store, const char *token,
                                              struct nl_token_result *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Appends the address of a subscriber, or the one they want to move to, with most of it hidden. */
NL_CHECKED enum nl_status nl_subscriber_mask(struct nl_store *store, int64_t subscriber,
                                             bool new_one, struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Returns the result that nl_unsubscribe_token would have, without ending anything. */
NL_CHECKED enum nl_status nl_unsubscribe_check(struct nl_store *store, const char *token,
                                               struct nl_token_result *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Ends an address's subscription to one list, or to all with `list` 0. NL_NOTFOUND when there is
 * none. */
NL_CHECKED enum nl_status nl_unsubscribe_address(struct nl_store *store,
                                                 const struct nl_address *address, int64_t list,
                                                 struct nl_error *err) NL_ALL_NONNULL;

#endif
