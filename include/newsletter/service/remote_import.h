/* Moving in: reading lists, people and past issues from another program over its documented API. */
#ifndef NEWSLETTER_SERVICE_REMOTE_IMPORT_H
#define NEWSLETTER_SERVICE_REMOTE_IMPORT_H

#include "newsletter/service/office.h"

#include <stdio.h>

enum nl_remote_kind { NL_REMOTE_LISTMONK, NL_REMOTE_MAILCHIMP };

/* Borrowed. */
struct nl_remote_source {
    enum nl_remote_kind kind;
    const char *url;          /* such as https://lists.example.org: https, or this machine */
    const char *login;        /* listmonk: "user:token"; Mailchimp: the API key */
    const char *const *lists; /* their lists, by name or id; none: all */
    size_t list_count;
    const char *into;   /* a list of ours for all of them; NULL: that of the same name */
    const char *issues; /* a folder for past issues; NULL: they are not read */
};

struct nl_remote_result {
    size_t people, rows; /* one row for each list of a person */
    size_t nowhere;      /* people who are on none of these lists */
    size_t issues;
};

/* Writes the people as JSON lines for nl_office_import_now, in the words of our states: who has not
 * confirmed there is pending, and only who has is active. Past issues become Markdown files in the
 * folder, which is made; files that are there already are left. Pages are asked for one after
 * another; where the server has had enough (429) it is asked again when it says. NL_NOTFOUND for
 * lists that are not there, here or there, NL_NOPERM for a login that is refused, NL_TEMPFAIL where
 * the server fails or its people change while they are read, NL_DATA for answers of another form.
 */
NL_CHECKED enum nl_status nl_office_remote_read(const struct nl_office *office,
                                                const struct nl_remote_source *source, FILE *rows,
                                                struct nl_remote_result *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
