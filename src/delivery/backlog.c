#include "delivery/backlog.h"

#include "newsletter/base/address.h"
#include "newsletter/base/memory.h"
#include "newsletter/store/consent_wording.h"
#include "newsletter/store/subscription.h"
#include "newsletter/store/transactional.h"

#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_WAIT = 120, /* seconds that a run stays for deliveries which it has postponed */
};

void nl_pending_free(struct nl_pending *pending) {
    nl_job_free(&pending->job);
    free(pending->domain);
    *pending = (struct nl_pending){0};
}

void nl_backlog_open(struct nl_backlog *backlog, const struct nl_run_plan *plan, const char *owner,
                     size_t size) {
    backlog->plan = plan;
    backlog->scope = plan->scope;
    backlog->scope.reservations = plan->config->limits.domains[0].domain != NULL;
    backlog->owner = owner;
    backlog->size = backlog->batch = size;
    backlog->pace = (struct nl_pace){.config = plan->config, .issue = plan->scope.issue != 0};
    backlog->items = nl_calloc(size, sizeof backlog->items[0]);
    backlog->jobs = nl_calloc(size, sizeof backlog->jobs[0]);
}

void nl_backlog_close(struct nl_backlog *backlog) {
    for (size_t i = 0; i < backlog->count; i++)
        nl_pending_free(&backlog->items[backlog->first + i]);
    free(backlog->items);
    free(backlog->jobs);
    *backlog = (struct nl_backlog){0};
}

static int64_t now(const struct nl_backlog *backlog) {
    return nl_store_now(backlog->plan->store);
}

bool nl_backlog_has_room(const struct nl_backlog *backlog) {
    return backlog->count < backlog->size && !backlog->drained &&
           (backlog->not_before == 0 || backlog->not_before <= now(backlog));
}

bool nl_backlog_wants(const struct nl_backlog *backlog) {
    return (backlog->count == 0 || backlog->blocked) && nl_backlog_has_room(backlog);
}

bool nl_backlog_waits(const struct nl_backlog *backlog) {
    return backlog->count == 0 && !backlog->drained && backlog->not_before != 0;
}

static enum nl_status make_link(const struct nl_backlog *backlog, struct nl_pending *pending,
                                struct nl_error *err) {
    const struct nl_run_plan *plan = backlog->plan;
    enum nl_purpose purpose = NL_LINK_SUBSCRIBE;
    if (!nl_notice_purpose(plan->scope.kind, &purpose) ||
        (purpose == NL_LINK_RECEIPT && plan->config->serve.url == NULL))
        return NL_OK;
    int64_t expires = now(backlog) + nl_config_link_lifetime(plan->config, plan->scope.kind);
    const struct nl_run_message *message =
        plan->message_count > 0 ? nl_run_message_in(plan, pending->job.language) : NULL;
    int64_t wording = 0;
    enum nl_status status = message != NULL
                                ? nl_consent_wording_put(plan->store, message->language,
                                                         message->wording, &wording, err)
                                : NL_OK;
    return status == NL_OK ? nl_link_new(plan->store, pending->job.subscription, purpose, expires,
                                         wording, &pending->token, err)
                           : status;
}

/* An address that cannot be parsed has no domain. It fails when its message is to be composed. */
static void find_limit(const struct nl_backlog *backlog, struct nl_pending *pending) {
    struct nl_address address = {0};
    struct nl_error unread = {0};
    if (backlog->plan->config->limits.domains[0].domain == NULL)
        return;
    if (nl_address_parse(pending->job.address, &address, &unread) == NL_OK)
        pending->limit = nl_pace_limit(&backlog->pace, address.domain);
    if (pending->limit != NULL)
        pending->domain = nl_strdup(address.domain);
    nl_address_free(&address);
    nl_error_free(&unread);
}

/* Takes over a job that was just leased, or postpones it. */
static enum nl_status add_pending(struct nl_backlog *backlog, struct nl_job *job,
                                  struct nl_error *err) {
    struct nl_pending *pending = &backlog->items[backlog->count];
    int64_t at = 0;
    *pending = (struct nl_pending){.job = *job};
    *job = (struct nl_job){0};
    backlog->count++;
    enum nl_status status = NL_OK;
    find_limit(backlog, pending);
    if (pending->limit != NULL && !pending->job.reserved)
        status = nl_pace_domain(backlog->plan->store, pending->limit, pending->domain, &at, err);
    if (status == NL_OK && at > now(backlog)) {
        status = nl_delivery_postpone(backlog->plan->store, backlog->plan->scope.issue,
                                      pending->job.delivery, backlog->owner, at, err);
        backlog->throttled = true;
        backlog->count--;
        nl_pending_free(pending);
        return status;
    }
    return status == NL_OK ? make_link(backlog, pending, err) : status;
}

/* A postponed delivery may be due soon. Then the run stays for it. */
static enum nl_status find_next_due(struct nl_backlog *backlog, struct nl_error *err) {
    int64_t due = 0;
    backlog->drained = true;
    if (!backlog->throttled || !backlog->pace.issue)
        return NL_OK; /* a notice that is due may belong to another run */
    enum nl_status status =
        nl_delivery_next_due(backlog->plan->store, backlog->plan->scope.issue, &due, err);
    if (status == NL_OK && due != 0 && due <= now(backlog) + LONGEST_WAIT) {
        backlog->drained = false;
        backlog->not_before = due > now(backlog) ? due : now(backlog) + 1;
    }
    return status;
}

enum nl_status nl_backlog_fill(struct nl_backlog *backlog, struct nl_pause_reason *reason,
                               struct nl_error *err) {
    const struct nl_run_plan *plan = backlog->plan;
    size_t room = 0;
    size_t leased = 0;
    size_t before = backlog->count;
    memmove(backlog->items, backlog->items + backlog->first, before * sizeof backlog->items[0]);
    backlog->first = backlog->cursor = 0;
    size_t free = backlog->size - before;
    if (free > backlog->batch && (!backlog->blocked || backlog->by_route))
        free = backlog->batch;
    backlog->not_before = 0;
    backlog->blocked = false;
    enum nl_status status =
        nl_pace_room(&backlog->pace, plan->store, free, &room, &backlog->not_before, reason, err);
    if (status != NL_OK || room == 0) {
        backlog->drained = backlog->not_before == 0;
        return status;
    }
    status =
        nl_delivery_lease(plan->store, &backlog->scope, backlog->owner,
                          now(backlog) + plan->config->lease, room, backlog->jobs, &leased, err);
    for (size_t i = 0; i < leased; i++) {
        if (status == NL_OK)
            status = add_pending(backlog, &backlog->jobs[i], err);
        nl_job_free(&backlog->jobs[i]);
    }
    if (status == NL_OK)
        status =
            nl_pace_spend(&backlog->pace, plan->store, (int64_t)(backlog->count - before), err);
    return status == NL_OK && leased == 0 ? find_next_due(backlog, err) : status;
}

bool nl_backlog_is_of_messages(const struct nl_run_plan *plan) {
    return plan->scope.issue == 0 && strcmp(plan->scope.kind, NL_KIND_MESSAGE) == 0;
}

enum nl_status nl_backlog_commit_points(const struct nl_backlog *backlog, const int64_t *deliveries,
                                        size_t count, bool ahead, bool *ok, struct nl_error *err) {
    struct nl_store *store = backlog->plan->store;
    return nl_backlog_is_of_messages(backlog->plan)
               ? nl_transactional_commit_points(store, deliveries, count, ahead, backlog->owner, ok,
                                                err)
               : nl_delivery_commit_points(store, backlog->plan->scope.issue, deliveries, count,
                                           ahead, backlog->owner, ok, err);
}

enum nl_status nl_backlog_record(const struct nl_run_plan *plan, const struct nl_record *records,
                                 size_t count, const char *owner, struct nl_error *err) {
    return nl_backlog_is_of_messages(plan)
               ? nl_transactional_record(plan->store, records, count, owner, err)
               : nl_delivery_record(plan->store, plan->scope.issue, records, count, owner, err);
}

enum nl_status nl_backlog_release(struct nl_backlog *backlog, struct nl_error *err) {
    static const struct nl_result requeued = {.outcome = NL_REQUEUED};
    struct nl_record *records = nl_calloc(backlog->count + 1, sizeof *records);
    enum nl_status status =
        nl_pace_spend(&backlog->pace, backlog->plan->store, -(int64_t)backlog->count, err);
    for (size_t i = 0; i < backlog->count; i++)
        records[i] = (struct nl_record){backlog->items[backlog->first + i].job.delivery, &requeued};
    if (status == NL_OK)
        status = nl_backlog_record(backlog->plan, records, backlog->count, backlog->owner, err);
    free(records);
    return status;
}

void nl_backlog_forget(struct nl_backlog *backlog, size_t kept) {
    while (backlog->count > kept) {
        struct nl_pending *last = &backlog->items[backlog->first + --backlog->count];
        backlog->elsewhere -= last->elsewhere;
        nl_pending_free(last);
    }
}

enum nl_status nl_backlog_park(struct nl_backlog *backlog, struct nl_error *err) {
    enum nl_status status =
        nl_pace_spend(&backlog->pace, backlog->plan->store, -(int64_t)backlog->parking, err);
    for (size_t i = 0; status == NL_OK && i < backlog->count; i++) {
        const struct nl_pending *pending = &backlog->items[backlog->first + i];
        if (pending->park_until != 0)
            status = nl_delivery_postpone(backlog->plan->store, backlog->plan->scope.issue,
                                          pending->job.delivery, backlog->owner,
                                          pending->park_until, err);
    }
    return status;
}

void nl_backlog_drop_parked(struct nl_backlog *backlog) {
    size_t kept = 0;
    if (backlog->parking == 0)
        return;
    for (size_t i = 0; i < backlog->count; i++) {
        struct nl_pending *pending = &backlog->items[backlog->first + i];
        if (pending->park_until != 0)
            nl_pending_free(pending);
        else
            backlog->items[backlog->first + kept++] = *pending;
    }
    backlog->count = kept;
    backlog->parking = 0;
    backlog->throttled = true;
    nl_backlog_look(backlog);
}

void nl_backlog_look(struct nl_backlog *backlog) {
    backlog->drained = false;
    backlog->not_before = 0;
}

/* The first one takes its place. */
static void move_out(struct nl_backlog *backlog, size_t at, struct nl_pending *out) {
    *out = backlog->items[at];
    backlog->items[at] = backlog->items[backlog->first];
    backlog->items[backlog->first++] = (struct nl_pending){0};
    backlog->count--;
}

bool nl_backlog_take(struct nl_backlog *backlog,
                     bool (*admit)(void *ctx, struct nl_pending *pending), void *ctx,
                     struct nl_pending *out) {
    bool goes_on = backlog->by_route && backlog->cursor > backlog->first;
    for (size_t i = goes_on ? backlog->cursor : backlog->first; i < backlog->first + backlog->count;
         i++) {
        const struct nl_domain_limit *limit = backlog->items[i].limit;
        bool asks = backlog->by_route || (limit != NULL && limit->connections > 0);
        if (backlog->items[i].park_until != 0 || backlog->items[i].elsewhere ||
            (asks && !admit(ctx, &backlog->items[i])))
            continue;
        move_out(backlog, i, out);
        backlog->cursor = i + 1;
        return true;
    }
    backlog->blocked = backlog->count > 0;
    return false;
}

void nl_backlog_set_aside(struct nl_backlog *backlog, struct nl_pending *pending) {
    pending->elsewhere = pending->alone = true;
    backlog->items[--backlog->first] = *pending;
    backlog->count++;
    backlog->elsewhere++;
    *pending = (struct nl_pending){0};
}

bool nl_backlog_take_elsewhere(struct nl_backlog *backlog, struct nl_pending *out) {
    for (size_t i = backlog->first; i < backlog->first + backlog->count; i++) {
        if (!backlog->items[i].elsewhere)
            continue;
        move_out(backlog, i, out);
        out->elsewhere = false;
        backlog->elsewhere--;
        return true;
    }
    return false;
}
