/* Sending a draft: what would happen, and making it so. */
#ifndef NEWSLETTER_SERVICE_DRAFT_SEND_H
#define NEWSLETTER_SERVICE_DRAFT_SEND_H

#include "newsletter/service/audience.h"
#include "newsletter/service/drafts.h"
#include "newsletter/store/draft_issue.h"

/* When a draft is to go out, and to whom. */
struct nl_draft_schedule {
    const char *at;   /* "2026-12-01T09:00"; NULL or "": now */
    const char *zone; /* NULL or "": that of this machine */
    bool local;       /* `at` is by each reader's own clock (attribute timezone, else UTC) */
    struct nl_audience audience;
    /* How an alternative subject is tried; 0 and NULL: as the configuration says. */
    int64_t share;       /* per cent of the people */
    int64_t wait;        /* seconds */
    const char *rule;    /* a word of nl_subject_rules */
    const char *canary;  /* "1%" or a number of people get it first; NULL or "": none */
    const char *archive; /* "public", "unlisted", "never"; NULL or "": as the issue says */
    const char
        *public_from; /* not in the archive before this time in `zone`; NULL or "": at once */
};

/* Zero-initialise; free with nl_draft_plan_free. */
struct nl_draft_plan {
    struct nl_draft_composed composed;
    struct nl_draft_seal seal; /* of the draft that was looked at */
    int64_t at;                /* Unix seconds; 0: now */
    int64_t people;            /* who would get it as of now */
    char *segment;             /* its expression; NULL: everybody on the list */
    int64_t per_second;   /* the pace that was found within a week, or its limit; 0: not known */
    int64_t seconds;      /* how long it takes at that pace; 0: not known */
    size_t size;          /* bytes of one message */
    json_t *readers;      /* who could get it by their languages: nl_audience_languages_read
                           * without schedule->audience.language */
    json_t *languages;    /* who gets which, see send_outlook.h */
    int64_t without_zone; /* people who get it by UTC where each gets it by their own clock */
    json_t *zones;        /* whose clocks are known: the same */
    json_t *holds;        /* what holds it back: the same */
    struct nl_error obstacle; /* why it cannot be sent; without a text: it can */
};
void nl_draft_plan_free(struct nl_draft_plan *plan);

/* Says what sending would do. NL_NOTFOUND for a draft or a segment,
 * NL_DATA for an invalid time or one in the past. */
NL_CHECKED enum nl_status nl_office_draft_plan(const struct nl_office *office, int64_t id,
                                               const struct nl_draft_schedule *schedule,
                                               struct nl_draft_plan *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Makes an issue of a draft, which is scheduled: for the time that was asked for, or send.grace
 * seconds from now. Until then it can be cancelled, and the draft be changed again. *issue and *at
 * are its number and its time. `digest` is the seal of the plan that somebody has looked at:
 * NL_EXISTS where the draft has changed since then. NL_DATA for a draft that cannot be sent. */
NL_CHECKED enum nl_status nl_office_draft_send(const struct nl_office *office, int64_t id,
                                               const struct nl_draft_schedule *schedule,
                                               const char *digest, int64_t *issue, int64_t *at,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* A copy of one edition for somebody who looks at it, with [Test] in its subject; appended to
 * `out`, with CRLF line ends. NL_DATA for a draft that cannot be composed, or an invalid address.
 */
NL_CHECKED enum nl_status nl_draft_test_copy(const struct nl_bulletin *bulletin, size_t edition,
                                             const char *address, struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
