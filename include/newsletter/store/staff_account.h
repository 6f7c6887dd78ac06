/* Accounts for the dashboard: names, passwords, roles. `by` is who asks for a change, for the audit
 * log; NULL notes nothing. */
#ifndef NEWSLETTER_STORE_STAFF_ACCOUNT_H
#define NEWSLETTER_STORE_STAFF_ACCOUNT_H

#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"
#include "newsletter/store/staff_role.h"

#include <stdbool.h>

enum { NL_STAFF_NAME = 64 };

/* NL_DATA unless it is a name: of letters, digits, ".", "_" and "-". */
NL_CHECKED enum nl_status nl_staff_check_name(const char *name,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Adds an account. NL_EXISTS, NL_DATA. */
NL_CHECKED enum nl_status nl_staff_add(struct nl_store *store, const char *name,
                                       const char *password, enum nl_role role,
                                       const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 6);

/* Gives an account another password, and ends its sessions but `kept`, the token of one (NULL:
 * all). NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_staff_set_password(struct nl_store *store, const char *name,
                                                const char *password, const char *kept,
                                                const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 6);

/* Whether it is the password of the account. An unknown name takes as long as a wrong password. */
NL_CHECKED enum nl_status nl_staff_verify(struct nl_store *store, const char *name,
                                          const char *password, bool *ok,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Gives an account a role: on all lists, or on one named `list` in place of it. An account without
 * a role of its own (NL_ROLE_NONE) sees nothing but the lists on which it has one. NL_DATA rather
 * than leave no administrator where there is one. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_staff_set_role(struct nl_store *store, const char *name,
                                            const char *list, enum nl_role role,
                                            const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 6);

/* Takes a role on one list back: there the account's own counts again. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_staff_unset_role(struct nl_store *store, const char *name,
                                              const char *list, const struct nl_actor *by,
                                              struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* The role of an account on a list; with `list` NULL its own. *role is NL_ROLE_NONE for an account
 * that is gone. */
NL_CHECKED enum nl_status nl_staff_role(struct nl_store *store, const char *name, const char *list,
                                        enum nl_role *role, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 5);

/* Removes an account, its sessions and its tokens. NL_NOTFOUND; NL_DATA as nl_staff_set_role. */
NL_CHECKED enum nl_status nl_staff_remove(struct nl_store *store, const char *name,
                                          const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

/* One account. Texts are valid during the call. */
struct nl_staff_account {
    const char *name;
    enum nl_role role;
    const char *lists; /* roles on lists, as "bulletin: sender, culture: viewer"; "" without any */
    bool second_step;
    int64_t created_at, seen_at; /* Unix seconds; seen_at 0: no session */
};

/* Calls `each` for every account, by name. */
NL_CHECKED enum nl_status nl_staff_each(
    struct nl_store *store,
    enum nl_status (*each)(const struct nl_staff_account *account, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

#endif
