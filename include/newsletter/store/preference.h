/* The data that subscribers may see and change of themselves, once a mail has shown that they read
 * their address. */
#ifndef NEWSLETTER_STORE_PREFERENCE_H
#define NEWSLETTER_STORE_PREFERENCE_H

#include "newsletter/base/address.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/subscription.h"

/* Queues the mail with a link to their own page for the holder of the subscription that `token`
 * ends, or (with `token` NULL) of the address: none for people who are unknown, are suppressed or
 * have complained, and one per `interval` seconds. `*notice` is the delivery or 0, and not for the
 * public. Every path does the same kind of work: one durable transaction. */
NL_CHECKED enum nl_status nl_preference_ask(struct nl_store *store, const char *token,
                                            const struct nl_address *address, int64_t interval,
                                            int64_t *notice, struct nl_error *err)
    NL_NONNULL(1, 5, 6);

/* A list that is open to a subscriber: a public one, or one they are on. */
struct nl_membership {
    int64_t list;
    char *name;
    char *title;
    bool active;
};

/* Free with nl_preferences_free. Optional texts are NULL. */
struct nl_preferences {
    int64_t subscriber;
    char *address;
    char *name;
    char *language;
    char *attributes;  /* a JSON object */
    char *new_address; /* asked for and not confirmed yet */
    struct nl_membership *lists;
    size_t list_count;
};

NL_CHECKED enum nl_status nl_preferences_read(struct nl_store *store, int64_t subscriber,
                                              struct nl_preferences *out,
                                              struct nl_error *err) NL_ALL_NONNULL;
void nl_preferences_free(struct nl_preferences *preferences);

/* Writes name, language (NULL for none) and attributes, and joins or leaves the lists of `changed`
 * (as read, `active` being what is wanted). Joining needs no confirmation: the link has come by
 * mail. Of `consent` source, ip, text_version and wording (of the page) are kept. Where nothing has
 * changed, nothing is recorded. */
NL_CHECKED enum nl_status nl_preferences_write(struct nl_store *store,
                                               const struct nl_preferences *changed,
                                               const struct nl_signup *consent,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Remembers a new address and queues the mail that asks its owner. Nothing happens with a
 * suppressed one, or at the sixth time within a day. */
NL_CHECKED enum nl_status nl_address_change_ask(struct nl_store *store, int64_t subscriber,
                                                const struct nl_address *address, int64_t *notice,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Uses the token of that mail. If somebody has the address already, the two become one: they have
 * shown to read both. Errors are those of nl_link_find. */
NL_CHECKED enum nl_status nl_address_change(struct nl_store *store, const char *token,
                                            struct nl_token_result *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
