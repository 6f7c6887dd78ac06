/* The links in mails: to confirm, to leave, and to come back after a wrong click. `token` is the
 * text that arrived, as nl_token_find takes it. */
#ifndef NEWSLETTER_SERVICE_MAIL_LINKS_H
#define NEWSLETTER_SERVICE_MAIL_LINKS_H

#include "newsletter/service/office.h"
#include "newsletter/store/subscription.h"

/* Confirms a subscription, and queues the welcoming mail if the configuration wants one. `wording`:
 * of the page with the button, as nl_office_wording numbers it, or 0. Errors are those of
 * nl_confirm. */
NL_CHECKED enum nl_status nl_office_confirm(const struct nl_office *office, const char *token,
                                            int64_t wording, struct nl_token_result *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Ends the subscription that a link of an issue belongs to (RFC 8058), and queues a farewell if the
 * configuration wants one. Errors are those of nl_unsubscribe_token. */
NL_CHECKED enum nl_status nl_office_leave(const struct nl_office *office, const char *token,
                                          struct nl_token_result *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Revives it, within a day. NL_NOTFOUND for any other. */
NL_CHECKED enum nl_status nl_office_come_back(const struct nl_office *office, const char *token,
                                              struct nl_token_result *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* The results that nl_office_confirm and nl_office_leave would have; nothing is used. */
NL_CHECKED enum nl_status nl_office_confirm_check(const struct nl_office *office, const char *token,
                                                  struct nl_token_result *out,
                                                  struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_leave_check(const struct nl_office *office, const char *token,
                                                struct nl_token_result *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Appends the address that a result is about, or with `new_one` the one that it moves to, with most
 * of it hidden. */
NL_CHECKED enum nl_status nl_office_mask_address(const struct nl_office *office,
                                                 const struct nl_token_result *result, bool new_one,
                                                 struct nl_buf *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;

#endif
