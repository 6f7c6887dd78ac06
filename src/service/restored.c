#include "newsletter/service/restored.h"

#include "newsletter/store/issue.h"
#include "newsletter/store/issue_control.h"

#include <string.h>

struct held {
    json_t *issues; /* with their ids: they are changed once all are read */
    int64_t now;
};

static enum nl_status note_issue(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    struct held *held = ctx;
    bool sending = issue->state == NL_ISSUE_SENDING;
    if (!sending && !(issue->state == NL_ISSUE_SCHEDULED && issue->scheduled_at <= held->now))
        return NL_OK;
    json_t *one = json_pack("{s:s, s:s, s:I}", "issue", issue->slug, "result",
                            sending ? "paused" : "withdrawn", "id", (json_int_t)issue->id);
    return json_array_append_new(held->issues, one) == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status hold(struct nl_store *store, json_t *one, struct nl_error *err) {
    struct nl_issue_change change;
    int64_t id = json_integer_value(json_object_get(one, "id"));
    bool sending = strcmp(json_string_value(json_object_get(one, "result")), "paused") == 0;
    json_object_del(one, "id");
    return nl_issue_control(store, id, sending ? NL_ISSUE_PAUSE : NL_ISSUE_CANCEL,
                            sending ? "restored from a backup: it may have gone on since" : NULL,
                            NULL, &change, err);
}

enum nl_status nl_restored_hold(struct nl_store *store, json_t **out, struct nl_error *err) {
    const struct nl_issue_filter all = {0};
    struct held held = {json_array(), nl_store_now(store)};
    enum nl_status status = nl_issue_summaries(store, &all, note_issue, &held, err);
    for (size_t i = 0; status == NL_OK && i < json_array_size(held.issues); i++)
        status = hold(store, json_array_get(held.issues, i), err);
    *out = held.issues;
    return status;
}
