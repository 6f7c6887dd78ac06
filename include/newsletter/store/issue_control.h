/* Pausing, resuming and cancelling an issue: what may be done in which state, told once for the
 * command line, the dashboard and the API, which only word the result. */
#ifndef NEWSLETTER_STORE_ISSUE_CONTROL_H
#define NEWSLETTER_STORE_ISSUE_CONTROL_H

#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"
#include "newsletter/store/state.h"

enum nl_issue_action {
    NL_ISSUE_PAUSE,
    NL_ISSUE_RESUME,
    NL_ISSUE_CANCEL,
    NL_ISSUE_WITHDRAW, /* as to cancel, but only where nobody has received it yet */
    NL_ISSUE_OVERRULE, /* as to resume, and the others no longer wait for the canary */
};

/* Why an issue is paused for which somebody has asked; others have stopped by themselves. */
#define NL_PAUSED_BY_HAND "by hand"

/* "pause", "resume", "cancel", "withdraw", "overrule". */
bool nl_issue_action_parse(const char *word, enum nl_issue_action *out) NL_ALL_NONNULL;

enum nl_action_result {
    NL_ACTION_DONE,
    NL_ACTION_WITHDRAWN, /* a scheduled issue was cancelled or withdrawn: it is deleted, and nobody
                            has received it */
    NL_ACTION_UNCHANGED, /* the issue is in the state that was asked for already */
    NL_ACTION_REFUSED,   /* its state does not allow it */
    NL_ACTION_UNKNOWN,   /* there is no such issue */
};

/* The result that an action has on an issue in this state. */
enum nl_action_result nl_issue_allows(enum nl_issue_state state, enum nl_issue_action action);

struct nl_issue_change {
    enum nl_action_result result;
    enum nl_issue_state found; /* the state in which the action found the issue */
    int64_t skipped;           /* how many people a cancellation keeps from getting it */
};

/* Carries out the action in one transaction, so that it works on the present state even if another
 * process has just changed it. `note` says why an issue is paused; NULL otherwise. `by` is who
 * asks for it, for the audit log; NULL: the program does it by itself. A cancelled issue is
 * cancelled for good: nothing more is made of it, and its queued and deferred deliveries are
 * skipped after that, in parts; at the latest when a run that has leased some of them ends, or by
 * nl_issue_skip_cancelled. */
NL_CHECKED enum nl_status nl_issue_control(struct nl_store *store, int64_t issue,
                                           enum nl_issue_action action, const char *note,
                                           const struct nl_actor *by, struct nl_issue_change *out,
                                           struct nl_error *err) NL_NONNULL(1, 6, 7);

/* The present state, as another process may have set it: *sending is false once the issue is paused
 * or cancelled. It stays true where others have sent the rest: then nothing is left to lease. In a
 * transaction that was begun together, it is known after the commit. */
NL_CHECKED enum nl_status nl_issue_is_sending(struct nl_store *store, int64_t issue, bool *sending,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Goes on where a cancellation was interrupted. */
NL_CHECKED enum nl_status nl_issue_skip_cancelled(struct nl_store *store,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* To be called when a run ends: marks a sending issue as sent when all its deliveries are made and
 * none of them is queued, leased or deferred any more, and skips those that the run left of a
 * cancelled one. */
NL_CHECKED enum nl_status nl_issue_finish(struct nl_store *store, int64_t issue, bool *finished,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Frees the seconds that were reserved by domains' rates, unless an issue is being sent: when one
 * has stopped, the next one need not wait for them. A run that stops with its issue frees those
 * that it has reserved meanwhile. */
NL_CHECKED enum nl_status nl_issue_free_reservations(struct nl_store *store,
                                                     struct nl_error *err) NL_ALL_NONNULL;

#endif
