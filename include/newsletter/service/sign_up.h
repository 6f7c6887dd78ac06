/* Signing up by oneself: on the website, by a form elsewhere that calls the hook, or through an
 * operator who types the address. The answer to the public never tells who is on a list. */
#ifndef NEWSLETTER_SERVICE_SIGN_UP_H
#define NEWSLETTER_SERVICE_SIGN_UP_H

#include "newsletter/base/address.h"
#include "newsletter/base/form.h"
#include "newsletter/base/network.h"
#include "newsletter/service/lists.h"

/* Finds the lists that a form names, or without a name the only one there is. A form of strangers
 * names public lists only, and passes over others; a `trusted` caller may name any, and gets
 * NL_NOTFOUND for one that there is not. NL_USAGE or NL_NOTFOUND where none is left. */
NL_CHECKED enum nl_status nl_office_lists_to_join(const struct nl_office *office,
                                                  const struct nl_form *form, bool trusted,
                                                  struct nl_public_lists *out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Takes one sign-up from `client` (NULL: its address is not known) off the room that the limits of
 * the configuration leave. Where there is none, *wait is the number of seconds until there is. */
NL_CHECKED enum nl_status nl_office_sign_up_admit(const struct nl_office *office,
                                                  const struct nl_ip *client, int64_t *wait,
                                                  struct nl_error *err) NL_NONNULL(1, 3, 4);

/* Marks the stamp of a form, which is good until `until`, as used. *first is false if it was used
 * before. */
NL_CHECKED enum nl_status nl_office_sign_up_once(const struct nl_office *office, const char *stamp,
                                                 int64_t until, bool *first,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* All borrowed; optional texts are NULL. */
struct nl_sign_up {
    const struct nl_address *address;
    const char *name, *language;
    const char *attributes; /* a JSON object */
    const char *source;     /* where the form stood, such as "web" */
    const char *ip;
    int64_t wording; /* of the form, as nl_office_wording numbers it; 0: not known */
};

/* Records a sign-up for each list, and queues the mail that answers it: `notices` has one number
 * for each list, 0 where no mail is sent. They reveal who is on the list, so they are not for the
 * public. Every path does the same kind of work. */
NL_CHECKED enum nl_status nl_office_sign_up(const struct nl_office *office,
                                            const struct nl_sign_up *wanted,
                                            const struct nl_public_lists *lists, int64_t *notices,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Whether no mail is ever sent to an address, which an operator may be told. */
NL_CHECKED enum nl_status nl_office_is_suppressed(const struct nl_office *office,
                                                  const struct nl_address *address,
                                                  bool *suppressed,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
