/* The things that the program can do, one function for each capability: a request goes in, a result
 * comes out. Commands, the API and the pages of staff only read input and word results. Nothing
 * here prints, and nothing knows HTTP. */
#ifndef NEWSLETTER_SERVICE_OFFICE_H
#define NEWSLETTER_SERVICE_OFFICE_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"

#include <jansson.h>

/* The base of every request. All borrowed. */
struct nl_office {
    struct nl_store *store;
    const struct nl_config *config;
    const struct nl_actor *by; /* for the audit log; NULL: nothing is noted */
};

/* The revision of what can be edited: equal as long as nobody has changed it. */
enum { NL_REVISION_LEN = 32 };
struct nl_revision {
    char text[NL_REVISION_LEN + 1]; /* "": any */
};

/* The revision of a JSON value. */
NL_CHECKED enum nl_status nl_revision_of(const json_t *value, struct nl_revision *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Whether a change that was asked for on the base of `expected` (NULL or "": of anything) may be
 * made to what has the revision `present`. */
bool nl_revision_holds(const struct nl_revision *expected, const struct nl_revision *present)
    NL_NONNULL(2);

/* Begins a transaction for an action and its note, and ends it: with `status` NL_OK it is kept,
 * else undone. *open tells the end whether there is one. Returns the status, or why it was not
 * kept. */
NL_CHECKED enum nl_status nl_office_begin(const struct nl_office *office, bool *open,
                                          struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_end(const struct nl_office *office, bool open,
                                        enum nl_status status, struct nl_error *err) NL_ALL_NONNULL;

/* Notes in the audit log what was done: to "list bulletin", or with `name` NULL to "subscriber 7".
 * Does nothing where office->by is NULL. To be called between nl_office_begin and nl_office_end, so
 * that neither is without the other. */
NL_CHECKED enum nl_status nl_office_note(const struct nl_office *office, const char *action,
                                         const char *kind, const char *name, int64_t id,
                                         struct nl_error *err) NL_NONNULL(1, 2, 3, 6);

/* A text to be changed: NULL leaves it, "" removes it. Replaces *text, which is the caller's. */
void nl_office_set_text(char **text, const char *value) NL_NONNULL(1);

#endif
