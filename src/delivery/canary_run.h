/* The canary of an issue: copies to the seeds, a sample of the audience, a look, and a decision.
 * Each step is recorded before and after it, so that a process that is killed is followed by one
 * that goes on where it was. */
#ifndef NL_DELIVERY_CANARY_RUN_H
#define NL_DELIVERY_CANARY_RUN_H

#include "delivery/run.h"
#include "newsletter/store/canary.h"

#include <jansson.h>

struct canary_run {
    const struct nl_run_plan *plan;
    const struct nl_issue *issue;
    struct nl_canary row;
    json_t *facts; /* {"seeds": [...], "sample": {...}, "findings": [...], "said": [...]} */
    bool waits;    /* the issue has a canary that is not over */
    bool ours;     /* no other process looks after it at this moment */
};

/* Reads the canary of an issue. Close it in any case. */
NL_CHECKED enum nl_status nl_canary_open(struct canary_run *run, const struct nl_run_plan *plan,
                                         const struct nl_issue *issue, struct nl_error *err);
void nl_canary_close(struct canary_run *run);

/* After the sample was tried: looks into the mailboxes if it is time, and decides. `summary` gets
 * the problem that pauses the issue, or the time of the next look. *go is true once the others may
 * have it. */
NL_CHECKED enum nl_status nl_canary_step(struct canary_run *run, struct nl_run_summary *summary,
                                         bool *go, struct nl_error *err);

/* Waits until it is time to look again, or somebody lets it go on. False where that is not for this
 * process: it is to stop, or somebody has paused or cancelled the issue, or the options do not ask
 * to wait. */
NL_CHECKED enum nl_status nl_canary_wait(struct canary_run *run, struct nl_run_summary *summary,
                                         bool *again, struct nl_error *err);

/* ---- canary_seeds.c ---- */

/* Sends a copy to each seed that has none. One whose sending was interrupted is looked for first. A
 * failure is recorded, and tried again at the next call. */
NL_CHECKED enum nl_status nl_canary_send_seeds(struct canary_run *run, struct nl_error *err);

/* Looks into the mailboxes where the copy was not found yet. */
NL_CHECKED enum nl_status nl_canary_look(struct canary_run *run, struct nl_error *err);

/* Keeps the facts. */
NL_CHECKED enum nl_status nl_canary_keep(struct canary_run *run, struct nl_error *err);

/* ---- canary_judge.c ---- */

enum canary_verdict { CANARY_WAIT, CANARY_PASS, CANARY_PAUSE };

/* Decides by the settings, and writes the findings, in plain words, into the facts. Mail that is
 * missing and messages that are deferred may still arrive as long as there is time. */
enum canary_verdict nl_canary_judge(struct canary_run *run, const struct nl_canary_sample *sample,
                                    bool time_is_up);

#endif
