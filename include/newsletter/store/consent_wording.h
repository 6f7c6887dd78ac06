/* The wordings that people agreed to, each kept once by its SHA-256. */
#ifndef NEWSLETTER_STORE_CONSENT_WORDING_H
#define NEWSLETTER_STORE_CONSENT_WORDING_H

#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

enum { NL_CONSENT_WORDING_MOST = 32 * 1024 }; /* bytes of a text */

/* Where somebody saw a wording. */
enum nl_shown_on {
    NL_SHOWN_ON_FORM, /* that they filled in */
    NL_SHOWN_ON_MAIL, /* whose link they used */
    NL_SHOWN_ON_PAGE, /* whose button they pressed */
    NL_SHOWN_ON,
};
/* "form", "mail", "page" */
extern const char *const nl_shown_on_words[NL_SHOWN_ON];

/* The number of a wording, which is kept if it was not known. `language` may be NULL. *id is 0 for
 * a text that is NULL or empty. A longer text than NL_CONSENT_WORDING_MOST is NL_DATA. */
NL_CHECKED enum nl_status nl_consent_wording_put(struct nl_store *store, const char *language,
                                                 const char *text, int64_t *id,
                                                 struct nl_error *err) NL_NONNULL(1, 4, 5);

/* One that a subscription has. All texts are borrowed. */
struct nl_consent_wording {
    enum nl_shown_on shown_on;
    const char *digest, *language, *text;
};

/* The number of a person's subscription to a list; 0 where there is none. */
NL_CHECKED enum nl_status nl_consent_subscription(struct nl_store *store, int64_t subscriber,
                                                  int64_t list, int64_t *id,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Says which form somebody filled in who was added by a stated consent. */
NL_CHECKED enum nl_status nl_consent_wording_state(struct nl_store *store, int64_t list,
                                                   const char *address_key, int64_t wording,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for those of a subscription, in the order of enum nl_shown_on. */
NL_CHECKED enum nl_status
nl_consent_wordings_each(struct nl_store *store, int64_t subscription,
                         enum nl_status (*each)(const struct nl_consent_wording *wording, void *ctx,
                                                struct nl_error *err),
                         void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Calls `each` for all that there are, with their digests and texts. */
NL_CHECKED enum nl_status nl_consent_wordings_all(
    struct nl_store *store,
    enum nl_status (*each)(const char *digest, const char *text, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

#endif
