/* An issue that goes to a sample of its audience first, and to mailboxes of our own: the others
 * wait for what is found there. The sample are the deliveries that do not wait; it is drawn when
 * they are made, and stays as it is. */
#ifndef NEWSLETTER_STORE_CANARY_H
#define NEWSLETTER_STORE_CANARY_H

#include "newsletter/db/handle.h"
#include "newsletter/store/issue.h"

/* Reads "1%", "0.5%" or a number of people, "50". False where it is none of these. */
bool nl_canary_parse(const char *text, struct nl_canary_plan *out) NL_ALL_NONNULL;

enum { NL_CANARY_TEXT = 32 };

/* Writes a plan as nl_canary_parse reads it. */
void nl_canary_text(const struct nl_canary_plan *plan, char out[NL_CANARY_TEXT]) NL_ALL_NONNULL;

enum nl_canary_state {
    NL_CANARY_WAITING,
    NL_CANARY_PASSED,
    NL_CANARY_PAUSED,    /* it found something: the issue is paused */
    NL_CANARY_OVERRULED, /* ... and somebody let it go on */
};

/* "waiting", "passed", "paused", "overruled". */
const char *nl_canary_state_text(enum nl_canary_state state);

struct nl_canary {
    struct nl_canary_plan plan;
    enum nl_canary_state state;
    char token[48];
    int64_t until;   /* how long mail to the mailboxes may take; 0: the sample is under way */
    int64_t look_at; /* when they are looked into again; 0: at once */
    char *facts;     /* JSON; NULL: none yet */
};
void nl_canary_free(struct nl_canary *canary);

/* *found is false where the issue has none. Free with nl_canary_free. */
NL_CHECKED enum nl_status nl_canary_read(struct nl_store *store, int64_t issue, bool *found,
                                         struct nl_canary *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Whether any issue that is planned or being sent has one that is not over. */
NL_CHECKED enum nl_status nl_canary_any(struct nl_store *store, bool *any,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Whether the others still wait for it: another process may have ended that. */
NL_CHECKED enum nl_status nl_canary_waits(struct nl_store *store, int64_t issue, bool *waits,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Keeps how far it is: until, look_at and facts. */
NL_CHECKED enum nl_status nl_canary_note(struct nl_store *store, int64_t issue,
                                         const struct nl_canary *canary,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* The deliveries of the sample. */
struct nl_canary_sample {
    int64_t people;
    int64_t unmade;  /* parts of the audience */
    int64_t untried; /* queued or leased */
    int64_t sent, deferred, refused, unknown, skipped;
};
NL_CHECKED enum nl_status nl_canary_count(struct nl_store *store, int64_t issue,
                                          struct nl_canary_sample *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Ends the waiting, once: with `pause`, the issue is paused for that reason, else the others are
 * queued. *done is false where the issue is not being sent, or another process was faster. */
NL_CHECKED enum nl_status nl_canary_settle(struct nl_store *store, int64_t issue, const char *facts,
                                           const char *pause, bool *done, struct nl_error *err)
    NL_NONNULL(1, 3, 5, 6);

#endif
