#include "delivery/announce.h"
#include "delivery/canary_run.h"
#include "delivery/messages.h"
#include "delivery/outcome.h"
#include "delivery/run.h"
#include "newsletter/proof/checkpoint.h"
#include "newsletter/store/issue_control.h"
#include "newsletter/store/list.h"
#include "newsletter/store/subject_test.h"

#include <string.h>

static enum nl_status add_edition(struct nl_messages *messages, const struct nl_edition *edition,
                                  struct nl_error *err) {
    enum nl_status status =
        nl_messages_add(messages, edition->language, edition->message, edition->message_len, err);
    if (status == NL_OK && edition->alternative_len > 0)
        status = nl_message_parse(edition->alternative, edition->alternative_len,
                                  &messages->items[messages->count - 1].alternative, err);
    return status;
}

/* Sends the issue's own message, and its editions to subscribers of their languages. */
static enum nl_status send_editions(struct nl_run_plan *plan, const struct nl_issue *issue,
                                    struct nl_run_summary *summary, struct nl_error *err) {
    struct nl_messages messages = {0};
    struct nl_edition *editions = NULL;
    size_t count = 0;
    enum nl_status status = nl_editions_read(plan->store, issue->id, &editions, &count, err);
    const struct nl_edition own = {.language = issue->language,
                                   .message = issue->message,
                                   .message_len = issue->message_len,
                                   .alternative = issue->alternative,
                                   .alternative_len = issue->alternative_len};
    if (status == NL_OK)
        status = add_edition(&messages, &own, err);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = add_edition(&messages, &editions[i], err);
    plan->messages = messages.items;
    plan->message_count = messages.count;
    struct nl_buf fields = {0};
    if (status == NL_OK)
        status = nl_checkpoint_field(plan->store, &fields, err);
    plan->fields = nl_buf_text(&fields);
    if (status == NL_OK)
        status = nl_run(plan, summary, err);
    plan->fields = NULL;
    nl_buf_free(&fields);
    nl_messages_free(&messages);
    nl_editions_free(editions, count);
    return status;
}

int64_t nl_run_tried(const struct nl_run_counts *counts) {
    return counts->sent + counts->deferred + counts->bounced + counts->failed + counts->unknown;
}

/* Sets the state of the issue after a run. */
static enum nl_status settle(struct nl_store *store, const struct nl_issue *issue,
                             const struct nl_run_summary *summary, bool *done,
                             struct nl_error *err) {
    struct nl_issue_change change = {0};
    enum nl_status status = NL_OK;
    if (summary->paused)
        status = nl_issue_control(store, issue->id, NL_ISSUE_PAUSE,
                                  nl_error_text(&summary->problem), NULL, &change, err);
    return status != NL_OK ? status : nl_issue_finish(store, issue->id, done, err);
}

/* With a canary: to the seeds and the sample, and after a look to the others. */
static enum nl_status send_all(struct nl_run_plan *plan, const struct nl_issue *issue,
                               struct nl_run_summary *summary, struct nl_error *err) {
    struct canary_run canary = {0};
    bool again = true;
    enum nl_status status = nl_canary_open(&canary, plan, issue, err);
    if (status == NL_OK && canary.waits && canary.ours)
        status = nl_canary_send_seeds(&canary, err);
    while (status == NL_OK && again) {
        bool go = false;
        status = send_editions(plan, issue, summary, err);
        if (status == NL_OK)
            status = nl_canary_step(&canary, summary, &go, err);
        again = go;
        if (status == NL_OK && !go)
            status = nl_canary_wait(&canary, summary, &again, err);
    }
    nl_canary_close(&canary);
    return status;
}

enum nl_status nl_send_issue(struct nl_store *store, const struct nl_config *config,
                             const struct nl_relay *relay, const struct nl_issue *issue,
                             const struct nl_run_options *options, struct nl_run_summary *summary,
                             struct nl_error *err) {
    struct nl_list list = {0};
    int64_t holder = 0;
    struct nl_issue_change change = {0};
    bool changed = false;
    bool done = false;
    enum nl_status status = nl_store_lock(store, issue->id, &holder, err);
    if (status != NL_OK)
        return nl_error_context(err, "issue %s", issue->slug);
    struct nl_run_plan plan = {.store = store,
                               .config = config,
                               .relay = relay,
                               .scope = {.issue = issue->id},
                               .options = options};
    status = nl_delivery_recover(store, issue->id, &summary->recovered_unknown, err);
    if (status == NL_OK)
        status = nl_delivery_bound_waits(store, issue->id, nl_outcome_longest_delay(config), err);
    if (status == NL_OK)
        status = nl_subject_test_decide(store, issue->id, 0, &changed, err);
    if (status == NL_OK)
        status = nl_list_get(store, issue->list, &list, err);
    plan.from = list.sender;
    if (status == NL_OK && issue->state == NL_ISSUE_PAUSED)
        status = nl_issue_control(store, issue->id, NL_ISSUE_RESUME, NULL, NULL, &change, err);
    if (status == NL_OK)
        status = nl_announce(store, config, &list, issue->id, err);
    if (status == NL_OK)
        status = send_all(&plan, issue, summary, err);
    if (status == NL_OK)
        status = settle(store, issue, summary, &done, err);
    if (done)
        nl_checkpoint_make(store, config, true);
    nl_list_free(&list);
    nl_store_unlock(store, issue->id);
    return status;
}
