/* Forms that were made for another program and now post to us: their addresses, the names of their
 * fields, and their identifiers of lists. */
#ifndef NL_WEB_MOVED_FORM_H
#define NL_WEB_MOVED_FORM_H

#include "newsletter/base/form.h"
#include "newsletter/config/config.h"
#include "web/http.h"

/* The program that a form was made for. */
enum nl_moved { NL_MOVED_NONE, NL_MOVED_LISTMONK, NL_MOVED_MAILCHIMP, NL_MOVED_PHPLIST };

/* That of a path and its query: /subscription/form, /subscribe/post, /lists/?p=subscribe. */
enum nl_moved nl_moved_of(const char *path, const struct nl_request *request) NL_ALL_NONNULL;

/* Whether it is an address of another page of theirs, such as that for leaving. */
bool nl_moved_is_elsewhere(const char *path, const struct nl_request *request) NL_ALL_NONNULL;

/* Takes one field in place of nl_form_take. *robot: a field is filled in that people do not see. */
NL_CHECKED enum nl_status nl_moved_take(enum nl_moved moved, const struct nl_config *config,
                                        struct nl_form *form, const char *name, const char *value,
                                        bool *robot, struct nl_error *err)
    NL_NONNULL(2, 3, 4, 5, 6);

/* Takes the list that the query names, as Mailchimp's and phpList's do. */
NL_CHECKED enum nl_status nl_moved_take_query(enum nl_moved moved, const struct nl_config *config,
                                              const struct nl_request *request,
                                              struct nl_form *form, struct nl_error *err)
    NL_NONNULL(2, 3, 4, 5);

#endif
