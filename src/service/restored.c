#include "newsletter/service/restored.h"

#include "newsletter/store/issue.h"
#include "newsletter/store/issue_control.h"

struct held {
    json_t *issues;
    json_t *ids; /* of the same */
    int64_t now;
};

/* Ids first: the rows are changed afterwards. */
static enum nl_status note_issue(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    struct held *held = ctx;
    bool sending = issue->state == NL_ISSUE_SENDING;
    if (!sending && !(issue->state == NL_ISSUE_SCHEDULED && issue->scheduled_at <= held->now))
        return NL_OK;
    json_t *one =
        json_pack("{s:s, s:s}", "issue", issue->slug, "result", sending ? "paused" : "withdrawn");
    int failed = json_array_append_new(held->ids, json_integer((json_int_t)issue->id));
    failed += json_array_append_new(held->issues, one);
    return failed == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status hold(struct nl_store *store, int64_t id, bool sending, struct nl_error *err) {
    struct nl_issue_change change;
    return nl_issue_control(store, id, sending ? NL_ISSUE_PAUSE : NL_ISSUE_CANCEL,
                            sending ? "restored from a backup: it may have gone on since" : NULL,
                            NULL, &change, err);
}

enum nl_status nl_restored_hold(struct nl_store *store, json_t **out, struct nl_error *err) {
    const struct nl_issue_filter all = {0};
    struct held held = {json_array(), json_array(), nl_store_now(store)};
    json_t *one = NULL;
    size_t at = 0;
    enum nl_status status = nl_issue_summaries(store, &all, note_issue, &held, err);
    json_array_foreach(held.issues, at, one) {
        const char *result = json_string_value(json_object_get(one, "result"));
        if (status == NL_OK)
            status = hold(store, json_integer_value(json_array_get(held.ids, at)), result[0] == 'p',
                          err);
    }
    json_decref(held.ids);
    *out = held.issues;
    return status;
}
