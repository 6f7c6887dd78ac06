#include "store/approval_withdraw.h"

#include "newsletter/db/sql.h"
#include "store/ledger.h"

#include <stdio.h>

/* The ids are read first: a statement must not run while another one is read. */
static enum nl_status end_each(struct nl_store *store, const struct nl_buf *ids, const char *by,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(ids); i++) {
        const struct nl_ledger_step step = {
            .name = "withdraw", .question = nl_ids_at(ids, i), .by = by};
        status = nl_sql_run(store, err, "UPDATE approval SET state = 'withdrawn' WHERE id = ?",
                            NL_VALUES(NL_INT(step.question)));
        if (status == NL_OK)
            status = nl_ledger_approval(store, &step, err);
    }
    return status;
}

enum nl_status nl_approval_end_open(struct nl_store *store, int64_t draft, const char *by,
                                    struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT id FROM approval WHERE draft = ? AND state = 'open' ORDER BY id",
                    NL_VALUES(NL_INT(draft)));
    if (status == NL_OK)
        status = end_each(store, &ids, by, err);
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_approval_withdraw(struct nl_store *store, int64_t draft,
                                    const struct nl_actor *by, struct nl_error *err) {
    char object[32];
    struct nl_buf ids = {0};
    enum nl_status status = nl_sql_each(store, err, nl_sql_add_id, &ids,
                                        "SELECT id FROM approval WHERE draft = ? AND state IN "
                                        "('open', 'approved') ORDER BY id",
                                        NL_VALUES(NL_INT(draft)));
    bool ended = nl_ids_count(&ids) > 0;
    if (status == NL_OK)
        status = end_each(store, &ids, by != NULL ? by->name : NULL, err);
    nl_buf_free(&ids);
    if (status != NL_OK || !ended || by == NULL)
        return status;
    snprintf(object, sizeof object, "draft %lld", (long long)draft);
    return nl_audit_note(store, by, "approval withdrawn", object, "the draft was changed", err);
}

enum nl_status nl_approval_forget(struct nl_store *store, int64_t draft, int64_t list,
                                  struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT DISTINCT a.draft FROM approval a JOIN draft d ON d.id = a.draft WHERE "
                    "d.id = ? OR d.list = ? ORDER BY a.draft",
                    NL_VALUES(NL_INT(draft), NL_INT(list)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++)
        status = nl_ledger_removed(store, "draft", nl_ids_at(&ids, i), err);
    nl_buf_free(&ids);
    return status;
}
