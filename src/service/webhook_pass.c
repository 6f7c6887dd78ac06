#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/events.h"
#include "newsletter/service/webhooks.h"
#include "service/webhook_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 100, DAY = 86400, FIRST_WAIT = 5, LONGEST_WAIT = 3600, GONE = 410 };

/* The words of the history, and what targets are told. */
static const struct {
    const char *event, *kind;
} kinds[] = {
    {"signup", "subscribed"},
    {"confirmed", "confirmed"},
    {"edited", "changed"},
    {"preferences", "changed"},
    {"address-changed", "changed"},
    {"unsubscribed", "unsubscribed"},
    {"bounced", "bounced"},
    {"complained", "complained"},
    {"erased", "erased"},
    {"checkpoint", "checkpoint"},
    {"issue-started", "issue-sending"},
    {"canary-passed", "canary-passed"},
    {"canary-paused", "canary-paused"},
    {"issue-finished", "issue-finished"},
    {"imported", "import-finished"},
    {"message-sent", "message-sent"},
    {"message-deferred", "message-deferred"},
    {"message-bounced", "message-bounced"},
    {"message-failed", "message-failed"},
    {"message-skipped", "message-skipped"},
    {"message-unknown", "message-unknown"},
};

static const char *kind_of(const char *event) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].event, event) == 0)
            return kinds[i].kind;
    return NULL;
}

static bool wants(const struct nl_webhook *webhook, const char *kind) {
    return webhook->kinds[0] == '\0' || nl_text_has_word(webhook->kinds, kind);
}

/* ---- one batch of events for one target ---- */

struct message {
    int64_t event;
    const char *kind; /* NULL: the target is not told of this one */
    char *body;
};

struct batch {
    const struct nl_webhook *webhook;
    struct message messages[BATCH];
    size_t count;
};

static enum nl_status add_message(const struct nl_event_row *row, void *ctx, struct nl_error *err) {
    struct batch *batch = ctx;
    const char *kind = kind_of(row->kind);
    struct message *message = &batch->messages[batch->count++];
    *message = (struct message){.event = row->id};
    if (kind == NULL || !wants(batch->webhook, kind))
        return NL_OK;
    json_t *body = json_pack("{s:s, s:o, s:o}", "type", kind, "timestamp", nl_facts_time(row->at),
                             "data", nl_event_facts(row));
    message->kind = kind;
    message->body = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return message->body != NULL ? NL_OK : nl_error_nomem(err);
}

static void batch_free(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++)
        free(batch->messages[i].body);
}

/* Notes a failure: the next try, or that it was the last. */
static void put_off(struct nl_webhook *state, const struct nl_webhook_answer *answer, int64_t now) {
    int64_t wait = FIRST_WAIT;
    for (int64_t i = 0; i < state->attempts && wait < LONGEST_WAIT; i++)
        wait *= 2;
    state->attempts++;
    state->failing_since = state->failing_since != 0 ? state->failing_since : now;
    state->next_at = now + (wait < LONGEST_WAIT ? wait : LONGEST_WAIT);
    state->enabled = answer->status != GONE && now - state->failing_since < DAY;
    struct nl_buf text = {0};
    nl_buf_addf(&text, "%s%s", state->enabled ? "" : "switched off: ", answer->detail);
    free(state->trouble);
    state->trouble = nl_buf_take(&text);
    if (!state->enabled)
        nl_log(NL_LOG_NOTICE, NULL, "webhook %s is switched off: %s", state->name, answer->detail);
}

static void succeed(struct nl_webhook *state, int64_t event) {
    state->position = event;
    state->attempts = 0;
    state->next_at = 0;
    state->failing_since = 0;
    free(state->trouble);
    state->trouble = NULL;
}

static enum nl_status tell(const struct nl_office *office, struct nl_webhook *state,
                           const struct message *message, bool *taken, struct nl_error *err) {
    struct nl_webhook_answer answer = {0};
    char id[48];
    int64_t now = nl_store_now(office->store);
    snprintf(id, sizeof id, "event-%lld", (long long)message->event);
    enum nl_status status = nl_webhook_send(office, state, id, message->body, &answer, err);
    if (status != NL_OK)
        return status;
    *taken = answer.detail[0] == '\0';
    const struct nl_webhook_call call = {.at = now,
                                         .event = message->event,
                                         .kind = message->kind,
                                         .status = answer.status,
                                         .detail = *taken ? NULL : answer.detail};
    status = nl_webhook_note(office->store, state->id, &call, err);
    if (status == NL_OK && *taken)
        succeed(state, message->event);
    else if (status == NL_OK)
        put_off(state, &answer, now);
    return status == NL_OK ? nl_webhook_save(office->store, state, err) : status;
}

/* ---- all of them ---- */

struct pass {
    const struct nl_office *office;
    const volatile sig_atomic_t *stop;
    bool more; /* a target has taken a whole batch */
};

static enum nl_status tell_all(struct pass *pass, struct nl_webhook *state,
                               const struct batch *batch, struct nl_error *err) {
    bool taken = true;
    int64_t passed = state->position;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && taken && *pass->stop == 0 && i < batch->count; i++) {
        passed = batch->messages[i].event;
        if (batch->messages[i].kind != NULL)
            status = tell(pass->office, state, &batch->messages[i], &taken, err);
    }
    /* Events that it is not told of are behind it, too. */
    if (status == NL_OK && taken && passed > state->position) {
        state->position = passed;
        status = nl_webhook_save(pass->office->store, state, err);
    }
    pass->more = pass->more || (taken && batch->count == BATCH);
    return status;
}

static enum nl_status visit_webhook(const struct nl_webhook *webhook, void *ctx,
                                    struct nl_error *err) {
    struct pass *pass = ctx;
    const struct nl_event_query query = {.after = webhook->position, .limit = BATCH};
    struct nl_webhook state = {0};
    if (!webhook->enabled || webhook->next_at > nl_store_now(pass->office->store) ||
        *pass->stop != 0)
        return NL_OK;
    struct batch *batch = nl_calloc(1, sizeof *batch);
    enum nl_status status = nl_webhook_find(pass->office->store, webhook->name, &state, err);
    batch->webhook = &state;
    if (status == NL_OK)
        status = nl_events_each(pass->office->store, &query, add_message, batch, err);
    if (status == NL_OK)
        status = tell_all(pass, &state, batch, err);
    batch_free(batch);
    free(batch);
    nl_webhook_free(&state);
    return status;
}

enum nl_status nl_webhooks_pass(const struct nl_office *office, const volatile sig_atomic_t *stop,
                                struct nl_error *err) {
    struct pass pass = {.office = office, .stop = stop, .more = true};
    bool ours = false;
    enum nl_status status = nl_store_take_permit(office->store, "webhooks", 0, &ours, err);
    if (status != NL_OK || !ours)
        return status;
    while (status == NL_OK && pass.more && *stop == 0) {
        pass.more = false;
        status = nl_webhooks_each(office->store, visit_webhook, &pass, err);
    }
    nl_store_return_permit(office->store, "webhooks", 0);
    return status;
}
