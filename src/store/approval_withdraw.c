#include "store/approval_withdraw.h"

#include "newsletter/db/sql.h"

#include <stdio.h>

enum nl_status nl_approval_withdraw(struct nl_store *store, int64_t draft,
                                    const struct nl_actor *by, struct nl_error *err) {
    char object[32];
    enum nl_status status = nl_sql_run(store, err,
                                       "UPDATE approval SET state = 'withdrawn' WHERE draft = ? "
                                       "AND state IN ('open', 'approved')",
                                       NL_VALUES(NL_INT(draft)));
    if (status != NL_OK || nl_sql_changes(store) == 0 || by == NULL)
        return status;
    snprintf(object, sizeof object, "draft %lld", (long long)draft);
    return nl_audit_note(store, by, "approval withdrawn", object, "the draft was changed", err);
}
