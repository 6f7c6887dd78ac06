/* Taking in bounces: read the message, check its token, act, and keep it. */
#ifndef NEWSLETTER_INBOUND_INTAKE_H
#define NEWSLETTER_INBOUND_INTAKE_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/inbound/bounce.h"
#include "newsletter/inbound/event.h"

struct nl_intake;

/* `store` and `config` must outlive it. Free with nl_intake_free. */
NL_CHECKED enum nl_status nl_intake_new(struct nl_store *store, const struct nl_config *config,
                                        struct nl_intake **out, struct nl_error *err)
    NL_NONNULL(1, 2, 4);
void nl_intake_free(struct nl_intake *intake);

/* The meaning and the effect of one message. Free with nl_intake_result_free. */
struct nl_intake_result {
    struct nl_bounce bounce;
    bool proved;         /* it came with a token of ours */
    bool seen;           /* it was taken in before: nothing was done */
    int64_t ended;       /* subscriptions that it ended */
    const char *refused; /* why a report about us was not counted; NULL if it was */
};

/* Takes in one message, once however often it is handed over. `recipient` is the envelope recipient
 * if the mail system told it, else NULL. `keep` stores the message itself, for a source that
 * forgets it. When this fails nothing was recorded, and the same message may be handed over again.
 */
NL_CHECKED enum nl_status nl_intake_take(struct nl_intake *intake, const char *data, size_t len,
                                         const char *recipient, bool keep,
                                         struct nl_intake_result *out, struct nl_error *err)
    NL_NONNULL(1, 2, 6, 7);

/* Takes in one event of a mail provider as nl_intake_take does a message. Its token proves it only
 * for the address that the mail went to: an event that names somebody else is without proof.
 * Nothing is recorded of an event that is not a failure. */
NL_CHECKED enum nl_status nl_intake_event(struct nl_intake *intake, const struct nl_event *event,
                                          struct nl_intake_result *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* From now on nl_intake_take and nl_intake_event commit many messages at a time: what they took is
 * recorded for good once nl_intake_flush returns, and lost when that fails. */
void nl_intake_group(struct nl_intake *intake) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_intake_flush(struct nl_intake *intake,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Gives up what was taken since the last commit. */
void nl_intake_abandon(struct nl_intake *intake) NL_ALL_NONNULL;

/* Counts a message that somebody wrote in answer to one of ours, for trying subjects: nothing of it
 * is kept, and more answers to one message count once. *counted is false for anything else. */
NL_CHECKED enum nl_status nl_intake_reply(struct nl_intake *intake, const char *data, size_t len,
                                          bool *counted, struct nl_error *err) NL_ALL_NONNULL;
void nl_intake_result_free(struct nl_intake_result *result);

#endif
