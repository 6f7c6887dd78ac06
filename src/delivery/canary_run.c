#include "delivery/canary_run.h"

#include "newsletter/store/issue_control.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SOONEST = 2, LATEST = 60 }; /* seconds between two looks */

enum { NOTE_LIMIT = 1500 };

static int64_t now(const struct canary_run *run) {
    return nl_store_now(run->plan->store);
}

/* ---- opening ---- */

static void read_facts(struct canary_run *run) {
    if (run->row.facts != NULL)
        run->facts = json_loads(run->row.facts, 0, NULL);
    if (run->facts == NULL)
        run->facts = json_object();
    if (!json_is_array(json_object_get(run->facts, "seeds")))
        json_object_set_new(run->facts, "seeds", json_array());
}

enum nl_status nl_canary_open(struct canary_run *run, const struct nl_run_plan *plan,
                              const struct nl_issue *issue, struct nl_error *err) {
    bool found = false;
    *run = (struct canary_run){.plan = plan, .issue = issue};
    enum nl_status status = nl_canary_read(plan->store, issue->id, &found, &run->row, err);
    run->waits = status == NL_OK && found && run->row.state == NL_CANARY_WAITING;
    if (run->waits) /* several workers may send an issue; one of them looks after its canary */
        status = nl_store_take_permit(plan->store, "canary", issue->id, &run->ours, err);
    if (status == NL_OK && run->ours) { /* as it is now that no other process changes it */
        nl_canary_free(&run->row);
        status = nl_canary_read(plan->store, issue->id, &found, &run->row, err);
        run->waits = status == NL_OK && run->row.state == NL_CANARY_WAITING;
    }
    if (status == NL_OK && run->waits)
        read_facts(run);
    return status;
}

void nl_canary_close(struct canary_run *run) {
    if (run->ours)
        nl_store_return_permit(run->plan->store, "canary", run->issue->id);
    nl_canary_free(&run->row);
    json_decref(run->facts);
    *run = (struct canary_run){0};
}

/* ---- deciding ---- */

/* The findings as the reason of a pause. */
static void write_note(const struct canary_run *run, struct nl_buf *out) {
    json_t *finding = NULL;
    size_t at = 0;
    nl_buf_adds(out, "canary: ");
    json_array_foreach(json_object_get(run->facts, "findings"), at, finding) {
        if (out->len < NOTE_LIMIT)
            nl_buf_addf(out, "%s%s", at > 0 ? "; " : "", json_string_value(finding));
    }
}

static enum nl_status settle(struct canary_run *run, bool pause, struct nl_run_summary *summary,
                             bool *done, struct nl_error *err) {
    struct nl_buf note = {0};
    write_note(run, &note);
    char *facts = json_dumps(run->facts, JSON_COMPACT);
    enum nl_status status = nl_canary_settle(run->plan->store, run->issue->id, facts,
                                             pause ? nl_buf_text(&note) : NULL, done, err);
    if (status == NL_OK && *done && pause) {
        nl_error_free(&summary->problem);
        nl_error_set(&summary->problem, NL_UNAVAILABLE,
                     "%s; the issue is paused: 'newsletter resume' sends it to the others",
                     nl_buf_text(&note));
    }
    run->waits = false;
    if (status == NL_OK && !*done)
        status = nl_canary_waits(run->plan->store, run->issue->id, &run->waits, err);
    free(facts);
    nl_buf_free(&note);
    return status;
}

static void tell_wait(const struct canary_run *run, struct nl_run_summary *summary) {
    summary->pause_reason.text = "the canary has gone out, and the others wait for it";
    summary->pause_reason.until = run->row.look_at;
    summary->look_at = run->row.look_at;
}

/* The longer it takes, the rarer. */
static enum nl_status look_later(struct canary_run *run, struct nl_run_summary *summary,
                                 struct nl_error *err) {
    int64_t passed = run->plan->config->canary.wait - (run->row.until - now(run));
    int64_t pause = passed / 2 < SOONEST ? SOONEST : passed / 2 > LATEST ? LATEST : passed / 2;
    int64_t next = now(run) + pause;
    run->row.look_at = next > run->row.until && run->row.until > now(run) ? run->row.until : next;
    tell_wait(run, summary);
    return nl_canary_keep(run, err);
}

static enum nl_status decide(struct canary_run *run, const struct nl_canary_sample *sample,
                             struct nl_run_summary *summary, bool *go, struct nl_error *err) {
    bool done = false;
    bool time_is_up = now(run) >= run->row.until;
    enum canary_verdict verdict = nl_canary_judge(run, sample, time_is_up);
    if (verdict == CANARY_WAIT)
        return look_later(run, summary, err);
    enum nl_status status = settle(run, verdict == CANARY_PAUSE, summary, &done, err);
    /* Where somebody was faster and let it go on, the others are queued as well. */
    *go = status == NL_OK && (done ? verdict == CANARY_PASS : !run->waits);
    return status;
}

/* The time of the seeds begins when the sample was tried. */
enum nl_status nl_canary_step(struct canary_run *run, struct nl_run_summary *summary, bool *go,
                              struct nl_error *err) {
    struct nl_canary_sample sample = {0};
    *go = false;
    /* A server that puts everybody off stops a run, but the time of the canary goes on. */
    bool stopped = summary->stopped && summary->problem.status != NL_TEMPFAIL;
    bool failed = summary->problem.status != NL_OK && summary->problem.status != NL_TEMPFAIL;
    if (!run->waits || !run->ours || failed || stopped || summary->halted)
        return NL_OK;
    enum nl_status status = nl_canary_count(run->plan->store, run->issue->id, &sample, err);
    if (status == NL_OK && summary->problem.status == NL_TEMPFAIL) {
        sample.deferred += sample.untried; /* the server would not hear of them */
        sample.untried = 0;
    }
    if (status != NL_OK || sample.untried + sample.unmade > 0)
        return status;
    if (run->row.until == 0)
        run->row.until = now(run) + run->plan->config->canary.wait;
    if (run->row.look_at > now(run)) {
        tell_wait(run, summary);
        return NL_OK;
    }
    status = nl_canary_send_seeds(run, err);
    if (status == NL_OK)
        status = nl_canary_look(run, err);
    return status == NL_OK ? decide(run, &sample, summary, go, err) : status;
}

/* ---- waiting ---- */

enum nl_status nl_canary_wait(struct canary_run *run, struct nl_run_summary *summary, bool *again,
                              struct nl_error *err) {
    const struct timespec moment = {.tv_nsec = 250000000};
    const struct nl_run_options *options = run->plan->options;
    bool sending = true;
    bool waits = true;
    enum nl_status status = NL_OK;
    *again = false;
    if (!run->waits || !run->ours || !options->waits || summary->look_at == 0 ||
        summary->problem.status != NL_OK)
        return NL_OK;
    while (status == NL_OK && sending && waits && *options->stop == 0 &&
           now(run) < summary->look_at) {
        nanosleep(&moment, NULL);
        status = nl_issue_is_sending(run->plan->store, run->issue->id, &sending, err);
        if (status == NL_OK)
            status = nl_canary_waits(run->plan->store, run->issue->id, &waits, err);
    }
    run->waits = waits;
    summary->halted = status == NL_OK && !sending;
    summary->stopped = *options->stop != 0;
    *again = status == NL_OK && sending && *options->stop == 0;
    if (*again) {
        summary->look_at = 0;
        summary->pause_reason = (struct nl_pause_reason){0};
    }
    return status;
}
