/* A change and its line in the audit log, both or neither. */
#ifndef NL_STORE_AUDITED_H
#define NL_STORE_AUDITED_H

#include "newsletter/db/sql.h"
#include "newsletter/store/audit.h"

/* The line of the log. `by` NULL: nothing is noted, since no member of staff acts. `kind` and
 * `name` are the object ("account", "ann"). */
struct nl_noted {
    const struct nl_actor *by;
    const char *action, *kind, *name, *detail;
};

/* Runs `body` in an exclusive transaction, and notes it in the same one when it succeeds. */
enum nl_status nl_audited(struct nl_store *store, nl_sql_body *body, void *context,
                          const struct nl_noted *noted, struct nl_error *err);

#endif
