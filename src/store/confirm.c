#include "newsletter/store/subscription.h"

#include "newsletter/base/token_find.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "store/event.h"
#include "store/unanswered.h"

#include <string.h>

/* Using the link of a mail that asks. */
struct confirming {
    struct nl_token token;
    bool notify; /* by a mail */
    int64_t mail_wording, page_wording;
    int64_t subscriber, subscription;
    struct nl_token_result out;
};

/* Finds the link of a confirmation mail. One that was used, by an impatient second click or by a
 * later mail's link, is not a failure while the subscription that it confirmed is active. */
static enum nl_status find_confirmation(struct nl_store *store, struct confirming *call,
                                        struct nl_error *err) {
    struct nl_link link = {0};
    int64_t active = 0;
    enum nl_status status = nl_link_find(store, call->token.text, NL_LINK_SUBSCRIBE, &link, err);
    call->subscription = link.subscription;
    call->subscriber = link.subscriber;
    call->mail_wording = link.wording;
    call->out.list = link.list;
    call->out.subscriber = link.subscriber;
    memcpy(call->out.language, link.language, sizeof link.language);
    if (status != NL_USED)
        return status;
    struct nl_error inner = {0};
    enum nl_status looked =
        nl_sql_number(store, &inner, &active, NULL,
                      "SELECT 1 FROM subscription WHERE id = ? AND state = 'active'",
                      NL_VALUES(NL_INT(call->subscription)));
    call->out.already = looked == NL_OK && active == 1;
    if (call->out.already)
        nl_error_free(err);
    nl_error_free(&inner);
    return call->out.already ? NL_OK : status;
}

/* The address is proved now, so mails that were held back may go out. */
static enum nl_status queue_withheld(struct nl_store *store, const struct confirming *call,
                                     struct nl_error *err) {
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_unanswered_clear(store, call->subscriber, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "INSERT INTO delivery (kind, subscription, state, created_at, "
                            "updated_at) SELECT 'confirmation', id, 'queued', ?1, ?1 FROM "
                            "subscription WHERE subscriber = ?2 AND state = 'pending' AND "
                            "noticed_at IS NULL AND NOT EXISTS (SELECT 1 FROM delivery d WHERE "
                            "d.subscription = subscription.id AND d.issue IS NULL AND d.kind = "
                            "'confirmation')",
                            NL_VALUES(NL_INT(now), NL_INT(call->subscriber)));
    return status == NL_OK
               ? nl_sql_run(store, err,
                            "UPDATE subscription SET noticed_at = ?1 WHERE subscriber = ?2 AND "
                            "state = 'pending' AND noticed_at IS NULL",
                            NL_VALUES(NL_INT(now), NL_INT(call->subscriber)))
               : status;
}

static enum nl_status confirm(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct confirming *call = ctx;
    enum nl_status status = find_confirmation(store, call, err);
    if (status != NL_OK || call->out.already)
        return status;
    /* A subscriber who confirms once more that they want to stay is not new. */
    status = nl_sql_run(store, err,
                        "UPDATE subscription SET confirmed_at = ?, reconfirm_by = NULL "
                        "WHERE id = ? AND state = 'active'",
                        NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(call->subscription)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        status = nl_sql_run(store, err,
                            "UPDATE subscription SET state = 'active', confirmed_at = ?, "
                            "ended_at = NULL, noticed_at = NULL, bounce_score = 0, "
                            "bounce_at = NULL, reconfirm_by = NULL "
                            "WHERE id = ? AND state <> 'complained'",
                            NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(call->subscription)));
    else if (status == NL_OK)
        call->notify = false;
    call->notify = call->notify && nl_sql_changes(store) > 0;
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE subscription SET mail_wording = nullif(?, 0), page_wording = "
                            "nullif(?, 0) WHERE id = ?",
                            NL_VALUES(NL_INT(call->mail_wording), NL_INT(call->page_wording),
                                      NL_INT(call->subscription)));
    if (status == NL_OK && call->notify)
        status = nl_notice_add(store, "welcome", call->subscription, &call->out.notice, err);
    if (status == NL_OK)
        status = nl_link_close(store, call->subscription, NL_LINK_SUBSCRIBE, err);
    if (status == NL_OK)
        status = nl_event_add(store, "confirmed", call->out.list, call->subscriber, 0, NULL, err);
    return status == NL_OK ? queue_withheld(store, call, err) : status;
}

enum nl_status nl_confirm(struct nl_store *store, const char *token,
                          const struct nl_confirming *how, struct nl_token_result *out,
                          struct nl_error *err) {
    struct confirming call = {.notify = how->welcome, .page_wording = how->wording};
    if (!nl_token_find(token, &call.token))
        return nl_error_set(err, NL_DATA, "the token is malformed: it is a UUID of 36 characters");
    enum nl_status status = nl_sql_exclusive(store, confirm, &call, err);
    *out = call.out;
    return status;
}

enum nl_status nl_confirm_check(struct nl_store *store, const char *token,
                                struct nl_token_result *out, struct nl_error *err) {
    struct confirming call = {0};
    if (!nl_token_find(token, &call.token))
        return nl_error_set(err, NL_DATA, "the token is malformed: it is a UUID of 36 characters");
    enum nl_status status = find_confirmation(store, &call, err);
    *out = call.out;
    return status;
}
