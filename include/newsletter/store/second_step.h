/* The second step of an account's login: a code of a telephone (RFC 6238), or a recovery code.
 * `by` is who asks for a change, for the audit log; NULL notes nothing. */
#ifndef NEWSLETTER_STORE_SECOND_STEP_H
#define NEWSLETTER_STORE_SECOND_STEP_H

#include "newsletter/base/totp.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"

#include <stdbool.h>

enum { NL_RECOVERY_CODES = 10, NL_RECOVERY_CODE = 15 }; /* their number; "abcd-efgh-jkmn" and NUL */

/* The secret of a second step that is being set up: made where there is none yet. *on: it is set up
 * already, and the secret is not shown any more. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_second_step_begin(struct nl_store *store, const char *name,
                                               unsigned char secret[NL_TOTP_SECRET], bool *on,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Whether an account has a second step. */
NL_CHECKED enum nl_status nl_second_step_is_on(struct nl_store *store, const char *name, bool *on,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Switches it on, once a code shows that the telephone has the secret; *ok tells. Then `codes` are
 * recovery codes, which only this call returns. */
NL_CHECKED enum nl_status nl_second_step_confirm(struct nl_store *store, const char *name,
                                                 const char *code, bool *ok,
                                                 char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE],
                                                 const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 4, 5, 7);

/* Switches it off and forgets its secret and codes. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_second_step_end(struct nl_store *store, const char *name,
                                             const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

/* Whether a code is good now: of the telephone, or one of the recovery codes, which is used up. To
 * be called in an exclusive transaction. */
NL_CHECKED enum nl_status nl_second_step_check(struct nl_store *store, int64_t staff,
                                               const char *code, bool *ok,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
