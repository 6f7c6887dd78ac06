/* The role of an account, and the rights that come with it. */
#ifndef NEWSLETTER_STORE_STAFF_ROLE_H
#define NEWSLETTER_STORE_STAFF_ROLE_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>

/* The things that need a right. */
enum nl_power {
    NL_POWER_NONE,       /* to be logged in */
    NL_POWER_LOOK,       /* figures, issues, reports */
    NL_POWER_WRITE,      /* drafts */
    NL_POWER_SEND,       /* to send, pause, resume and cancel issues */
    NL_POWER_PEOPLE,     /* subscribers, imports, suppressions */
    NL_POWER_APPROVE,    /* to approve what others have written */
    NL_POWER_ADMINISTER, /* accounts, tokens, settings, the audit log */
};

enum nl_role {
    NL_ROLE_NONE,
    NL_ROLE_VIEWER,
    NL_ROLE_AUTHOR,
    NL_ROLE_SENDER,
    NL_ROLE_PEOPLE,
    NL_ROLE_ADMINISTRATOR,
};
extern const char *const nl_roles[]; /* their names, NULL at the end */

/* The role of a name; NL_ROLE_NONE, which allows the least, for any other word. */
enum nl_role nl_role_of(const char *name) NL_ALL_NONNULL;

bool nl_role_may(enum nl_role role, enum nl_power power);

#endif
