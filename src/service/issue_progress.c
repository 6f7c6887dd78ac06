#include "newsletter/service/issue_progress.h"

#include "newsletter/base/text.h"
#include "newsletter/store/removal.h"
#include "newsletter/store/statistics.h"

#include <string.h>

/* A rate is measured over this many seconds: long enough for a slow relay, short enough to follow
 * it. */
enum { WINDOW_SECONDS = 30, MINUTE = 60 };

static enum nl_status take_summary(const struct nl_issue_summary *issue, void *ctx,
                                   struct nl_error *err) {
    struct nl_issue_progress *out = ctx;
    const char *note = issue->pause_note != NULL ? issue->pause_note : "";
    size_t len = nl_text_fit(note, NL_PROGRESS_NOTE);
    (void)err;
    out->found = true;
    out->state = issue->state;
    out->scheduled_at = issue->scheduled_at;
    memcpy(out->note, note, len);
    out->note[len] = '\0';
    return NL_OK;
}

static enum nl_status add_totals(const struct nl_office *office, struct nl_issue_progress *out,
                                 struct nl_error *err) {
    const struct nl_counts *counts = &out->counts;
    struct nl_making making = {0};
    enum nl_status status = nl_making_read(office->store, out->issue, &making, err);
    if (status == NL_OK)
        status = nl_issue_count(office->store, out->issue, &out->counts, err);
    int64_t left = counts->queued + counts->leased + counts->deferred;
    out->done = counts->sent + counts->bounced + counts->failed + counts->unknown + counts->skipped;
    out->total = out->done + left;
    out->unfinished = making.unfinished;
    out->made = making.made;
    out->about = making.about;
    if (making.unfinished && making.about > making.made)
        out->total += making.about - making.made;
    return status;
}

static enum nl_status add_rate(const struct nl_office *office, struct nl_issue_progress *out,
                               struct nl_error *err) {
    int64_t since = 0;
    int64_t ended = 0;
    out->per_minute = 0;
    out->seconds_left = -1;
    if (out->state != NL_ISSUE_SENDING)
        return NL_OK;
    enum nl_status status = nl_statistics_pace(office->store, out->issue, out->at - WINDOW_SECONDS,
                                               &since, &ended, err);
    int64_t seconds = out->at - since > 0 ? out->at - since : 1;
    out->per_minute = ended * MINUTE / seconds;
    int64_t waiting = out->total - out->done - out->counts.deferred;
    if (ended > 0 && waiting > 0)
        out->seconds_left = (waiting * seconds + ended - 1) / ended;
    return status;
}

/* ---- by provider ---- */

static enum nl_status add_provider(const char *domain, const char *state, int64_t count, void *ctx,
                                   struct nl_error *err) {
    struct nl_issue_progress *out = ctx;
    struct nl_progress_provider *last =
        out->provider_count > 0 ? &out->providers[out->provider_count - 1] : NULL;
    (void)err;
    if (last == NULL || strncmp(last->domain, domain, NL_PROGRESS_DOMAIN - 1) != 0) {
        if (out->provider_count == NL_PROGRESS_PROVIDERS)
            return NL_OK;
        last = &out->providers[out->provider_count++];
        *last = (struct nl_progress_provider){0};
        memcpy(last->domain, domain, nl_text_fit(domain, NL_PROGRESS_DOMAIN - 1));
    }
    if (strcmp(state, "skipped") == 0)
        return NL_OK;
    int64_t *number = strcmp(state, "queued") == 0     ? &last->waiting
                      : strcmp(state, "sent") == 0     ? &last->sent
                      : strcmp(state, "deferred") == 0 ? &last->deferred
                      : strcmp(state, "bounced") == 0  ? &last->bounced
                                                       : &last->other;
    *number += count;
    return NL_OK;
}

/* All that the largest are not. The two are read one after the other, so a number may be behind. */
static void add_others(struct nl_issue_progress *out) {
    const struct nl_counts *counts = &out->counts;
    struct nl_progress_provider rest = {
        .waiting = counts->queued + counts->leased,
        .sent = counts->sent,
        .deferred = counts->deferred,
        .bounced = counts->bounced,
        .other = counts->failed + counts->unknown,
    };
    int64_t *numbers[] = {&rest.waiting, &rest.sent, &rest.deferred, &rest.bounced, &rest.other};
    for (size_t i = 0; i < out->provider_count; i++) {
        const struct nl_progress_provider *one = &out->providers[i];
        const int64_t taken[] = {one->waiting, one->sent, one->deferred, one->bounced, one->other};
        for (size_t at = 0; at < sizeof taken / sizeof taken[0]; at++)
            *numbers[at] = *numbers[at] > taken[at] ? *numbers[at] - taken[at] : 0;
    }
    if (rest.waiting + rest.sent + rest.deferred + rest.bounced + rest.other > 0 &&
        out->provider_count == NL_PROGRESS_PROVIDERS)
        out->providers[out->provider_count++] = rest;
}

static enum nl_status add_providers(const struct nl_office *office, struct nl_issue_progress *out,
                                    struct nl_error *err) {
    out->provider_count = 0;
    enum nl_status status = nl_statistics_domains(office->store, out->issue, NL_PROGRESS_PROVIDERS,
                                                  add_provider, out, err);
    if (status == NL_OK)
        add_others(out);
    return status;
}

enum nl_status nl_office_issue_progress(const struct nl_office *office, int64_t issue,
                                        bool providers, struct nl_issue_progress *out,
                                        struct nl_error *err) {
    const struct nl_issue_filter filter = {.id = issue};
    out->issue = issue;
    out->at = nl_store_now(office->store);
    out->found = false;
    enum nl_status status = nl_issue_summaries(office->store, &filter, take_summary, out, err);
    if (status != NL_OK || !out->found)
        return status;
    status = add_totals(office, out, err);
    if (status == NL_OK)
        status = add_rate(office, out, err);
    return status == NL_OK && providers ? add_providers(office, out, err) : status;
}

enum nl_status nl_office_issue_making(const struct nl_office *office, int64_t issue,
                                      struct nl_making *out, struct nl_error *err) {
    return nl_making_read(office->store, issue, out, err);
}

enum nl_status nl_office_issue_unmade(const struct nl_office *office, int64_t issue,
                                      int64_t *people, struct nl_error *err) {
    return nl_making_left(office->store, issue, people, err);
}

enum nl_status nl_office_issue_removal(const struct nl_office *office, int64_t issue, int64_t *at,
                                       struct nl_error *err) {
    return nl_removal_find(office->store, issue, at, err);
}
