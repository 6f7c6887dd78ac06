/* The subscriber's own page, to which a link in a mail leads: what they may see and change of
 * themselves. */
#ifndef NEWSLETTER_SERVICE_OWN_PAGE_H
#define NEWSLETTER_SERVICE_OWN_PAGE_H

#include "newsletter/service/office.h"
#include "newsletter/store/preference.h"

/* Queues the mail with the link for the holder of the subscription that `token` ends, or (with
 * `token` NULL) of the address. *notice is the delivery or 0, and not for the public: every path
 * does the same kind of work. */
NL_CHECKED enum nl_status nl_own_page_ask(const struct nl_office *office, const char *token,
                                          const struct nl_address *address, int64_t *notice,
                                          struct nl_error *err) NL_NONNULL(1, 4, 5);

/* The subscriber to whom a link belongs. NL_DATA malformed, NL_NOTFOUND unknown, NL_EXPIRED. */
NL_CHECKED enum nl_status nl_own_page_open(const struct nl_office *office, const char *token,
                                           int64_t *subscriber,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* The data that the page shows. Free with nl_preferences_free. */
NL_CHECKED enum nl_status nl_own_page_read(const struct nl_office *office, int64_t subscriber,
                                           struct nl_preferences *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* The page as somebody filled it in. All borrowed. */
struct nl_own_page {
    const char *name, *language; /* "" or NULL removes it */
    const char *ip;
    int64_t wording; /* of the page, as nl_office_wording numbers it */
    /* Whether a list is ticked, and the value of an attribute that forms may set: NULL where the
     * form has none. */
    bool (*joins)(const char *list, const void *ctx);
    const char *(*value)(const char *attribute, const void *ctx);
    const void *ctx;
};

/* Changes `person`, who was read, by it and saves that: joins and leaves lists, without a further
 * mail, since the link came by mail. Attributes that forms may not set stay. NL_DATA for a value
 * that does not fit its attribute. */
NL_CHECKED enum nl_status nl_own_page_save(const struct nl_office *office,
                                           const struct nl_own_page *page,
                                           struct nl_preferences *person,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Queues the mail to a new address that asks its owner: *notice, or 0 where none is sent. */
NL_CHECKED enum nl_status nl_own_address_ask(const struct nl_office *office, int64_t subscriber,
                                             const struct nl_address *address, int64_t *notice,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Uses the link of that mail; or only looks where it leads. Errors as those of nl_own_page_open,
 * and NL_USED. */
NL_CHECKED enum nl_status nl_own_address_change(const struct nl_office *office, const char *token,
                                                struct nl_token_result *out,
                                                struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_own_address_check(const struct nl_office *office, const char *token,
                                               struct nl_token_result *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
