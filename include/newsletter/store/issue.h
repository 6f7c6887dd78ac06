/* Issues as the store keeps them. */
#ifndef NEWSLETTER_STORE_ISSUE_H
#define NEWSLETTER_STORE_ISSUE_H

#include "newsletter/base/segment.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/recording.h"
#include "newsletter/store/state.h"

#include <stddef.h>

/* The signature of the office over an edition: a signed note, NULL where it signs nothing, and
 * hashes of runs of words in it. */
struct nl_signed_text {
    char *note;
    int64_t *passages;
    size_t passage_count;
};

/* An issue in one more language. */
struct nl_edition {
    char *language;
    char *title;
    char *subject;
    char *source;
    char *message;
    size_t message_len;
    char *alternative_subject; /* NULL: none */
    char *alternative;         /* the message with it */
    size_t alternative_len;
    char *body; /* the text as HTML without a layout, packed: for the archive */
    size_t body_len;
    struct nl_recording *recordings; /* that it brings along; none when read from the store */
    size_t recording_count;
    struct nl_signed_text text; /* empty when read from the store */
};

/* How many get an issue before the others; both 0: it has no canary. */
struct nl_canary_plan {
    int64_t share;  /* of the audience, in hundredths of a per cent */
    int64_t people; /* or so many */
};

/* Free with nl_issue_free. Optional texts are NULL. What differs between languages is that of the
 * edition which goes to everybody whose language has none. */
struct nl_issue {
    int64_t id;
    int64_t list;
    char *slug; /* names the issue within its list */
    char *series;
    char *number;
    char *title;
    char *subject;
    char *category;
    char *posted_by;
    char *date;     /* YYYY-MM-DD */
    char *language; /* NULL in issues of earlier versions */
    char *source;   /* the Markdown file as sent */
    char *message;  /* the composed message of nl_message_pack */
    size_t message_len;
    char *alternative_subject; /* to be tried against the other; NULL: none */
    char *alternative;         /* the message with it */
    size_t alternative_len;
    struct nl_subject_plan test;  /* how they are tried; unused without an alternative */
    struct nl_canary_plan canary; /* not read from the store */
    char *digest;                 /* SHA-256 of the source, hexadecimal */
    enum nl_issue_state state;
    char *pause_note;
    int64_t created_at;
    char *body; /* packed, for the archive; NULL when read from the store */
    size_t body_len;
    /* "public", "unlisted" (a page that nothing leads to) or "never". NULL, when it is made:
     * public, except a segment's issue, which is public only when nl_archive_publish says so. Not
     * read from the store. */
    char *archive;
    int64_t public_from;  /* with an embargo: not in the archive before; 0: none. Not read */
    char *segment;        /* the expression that says who gets it; NULL: everybody on the list */
    int64_t scheduled_at; /* when it is to go out; 0: at once */
    char *local_time;     /* of each subscriber, at which it is to come; NULL: all at once */
    char *events;         /* JSON, for the archive; NULL for none, and when read from the store */
    int64_t ended_at;     /* 0 until sent */
    struct nl_recording *recordings; /* that it brings along; none when read from the store */
    size_t recording_count;
    char
        *reference; /* the number in its footer; NULL without a key, and when read from the store */
    struct nl_signed_text text;  /* empty when read from the store */
    struct nl_edition *editions; /* the other languages; empty when read from the store */
    size_t edition_count;
};

/* Deliveries of one issue (or of all notices) by state. */
struct nl_counts {
    int64_t queued, leased, sent, deferred, bounced, failed, unknown, skipped;
};

/* With `scheduled_at`, only records it, in state scheduled. Else records a new issue in state
 * sending, and makes the first part of its deliveries (store/making.h): one for each active
 * subscription of its list that is not suppressed and is in issue->segment. Sets issue->id;
 * *deliveries is how many the first part has. */
NL_CHECKED enum nl_status nl_issue_create(struct nl_store *store, struct nl_issue *issue,
                                          int64_t *deliveries, struct nl_error *err) NL_ALL_NONNULL;

/* The same for somebody at the command line, noted in the audit log in the same transaction. */
struct nl_actor;
NL_CHECKED enum nl_status nl_issue_create_by(struct nl_store *store, struct nl_issue *issue,
                                             const struct nl_actor *by, int64_t *deliveries,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* How many of an issue's list, or of a segment of it (NULL: none), have not been sent the issue:
 * they have no delivery of it, or one that was skipped because their subscription had ended. */
NL_CHECKED enum nl_status nl_issue_further(struct nl_store *store, int64_t issue,
                                           const struct nl_segment *segment, int64_t *people,
                                           struct nl_error *err) NL_NONNULL(1, 4, 5);

/* Begins to make an issue, that is sent, being sent or paused, for these people too, and makes it
 * one that is being sent. `segment` is an expression: the issue is then meant for those of before
 * and these; NULL makes it one for everybody. A subject that has won is theirs; until then they
 * wait for it. With a canary (NULL: none) a sample of these people gets it first. *deliveries is
 * how many the first part has. NL_EXISTS for an issue in another state, and where the canary would
 * meet another one or an open choice of subjects. */
NL_CHECKED enum nl_status nl_issue_extend(struct nl_store *store, int64_t issue,
                                          const char *segment, const struct nl_canary_plan *canary,
                                          int64_t *deliveries, struct nl_error *err)
    NL_NONNULL(1, 5, 6);

/* The plan for a scheduled issue. Free with nl_issue_plan_free. */
struct nl_issue_plan {
    int64_t list;
    int64_t scheduled_at;
    char *segment;
    char *local_time;
};
NL_CHECKED enum nl_status nl_issue_read_plan(struct nl_store *store, int64_t issue,
                                             struct nl_issue_plan *out,
                                             struct nl_error *err) NL_ALL_NONNULL;
void nl_issue_plan_free(struct nl_issue_plan *plan);

/* Calls `each` for the scheduled issues whose time has come; it must not write. */
NL_CHECKED enum nl_status nl_issue_due(struct nl_store *store,
                                       enum nl_status (*each)(int64_t issue, void *ctx,
                                                              struct nl_error *err),
                                       void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Calls `each` for the time zones of those whom an issue would go to now, and how many have each,
 * the most first; "" for those who have told none. */
NL_CHECKED enum nl_status nl_issue_audience_zones(
    struct nl_store *store, int64_t list, const struct nl_segment *segment,
    enum nl_status (*each)(const char *zone, int64_t people, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* The same for their languages; "" for those who have told none. */
NL_CHECKED enum nl_status nl_issue_audience_languages(
    struct nl_store *store, int64_t list, const struct nl_segment *segment,
    enum nl_status (*each)(const char *language, int64_t people, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* Turns a scheduled issue into one that is being sent, as nl_issue_create does at once. With a
 * local time, each delivery waits until the clocks of its subscriber's zone show it; people who
 * have told no zone have UTC. Does nothing where another process was quicker. */
NL_CHECKED enum nl_status nl_issue_start(struct nl_store *store, int64_t issue, int64_t *deliveries,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Finds by list and slug; *found false when there is none. */
NL_CHECKED enum nl_status nl_issue_find(struct nl_store *store, int64_t list, const char *slug,
                                        bool *found, struct nl_issue *out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Reads the editions of an issue in other languages than its own. The caller frees them with
 * nl_editions_free. */
NL_CHECKED enum nl_status nl_editions_read(struct nl_store *store, int64_t issue,
                                           struct nl_edition **out, size_t *count,
                                           struct nl_error *err) NL_ALL_NONNULL;
void nl_editions_free(struct nl_edition *editions, size_t count);

/* Calls `each` for every issue, newest first, or only for those in `state` if that is not
 * NL_ISSUE_ANY. */
NL_CHECKED enum nl_status nl_issue_each(struct nl_store *store, enum nl_issue_state state,
                                        enum nl_status (*each)(const struct nl_issue *issue,
                                                               void *ctx, struct nl_error *err),
                                        void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* An issue as it is listed. Borrowed for the time of a call; optional texts are NULL. */
struct nl_issue_summary {
    int64_t id;
    int64_t list;
    const char *list_name;
    const char *slug, *series, *number, *title, *subject, *category, *posted_by, *date, *language;
    enum nl_issue_state state;
    const char *pause_note;
    int64_t created_at;
    int64_t ended_at;     /* 0 until sent */
    int64_t scheduled_at; /* 0 where it was not */
};

/* Which: 0 and NULL stand for all. */
struct nl_issue_filter {
    int64_t id;
    const char *list; /* its name */
    enum nl_issue_state state;
    int64_t before; /* an id: only those made earlier */
    int64_t limit;
};

/* Calls `each` for issues, newest first, without their texts. */
NL_CHECKED enum nl_status nl_issue_summaries(
    struct nl_store *store, const struct nl_issue_filter *filter,
    enum nl_status (*each)(const struct nl_issue_summary *issue, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* How many people of a list, or of a segment of it (NULL: none), an issue does not go to: active
 * ones whose addresses are suppressed, and those who have not confirmed. */
NL_CHECKED enum nl_status nl_issue_left_out(struct nl_store *store, int64_t list,
                                            const struct nl_segment *segment, int64_t *suppressed,
                                            int64_t *unconfirmed, struct nl_error *err)
    NL_NONNULL(1, 4, 5, 6);

/* The number of people an issue for this list would go to, or for a segment of it (NULL: none). */
NL_CHECKED enum nl_status nl_issue_audience(struct nl_store *store, int64_t list,
                                            const struct nl_segment *segment, int64_t *people,
                                            struct nl_error *err) NL_NONNULL(1, 4, 5);

/* `issue` 0 counts the notices. */
NL_CHECKED enum nl_status nl_issue_count(struct nl_store *store, int64_t issue,
                                         struct nl_counts *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* How many deliveries of an issue are queued, leased, deferred or still to be made, and how many
 * are in doubt: what resuming asks. */
NL_CHECKED enum nl_status nl_issue_left(struct nl_store *store, int64_t issue, int64_t *left,
                                        int64_t *unknown, struct nl_error *err) NL_ALL_NONNULL;

/* Counts all deliveries, and says for how many issues the totals that are kept differ. With
 * `repair` these totals are corrected; others may send meanwhile. */
NL_CHECKED enum nl_status nl_issue_totals_examine(struct nl_store *store, bool repair,
                                                  int64_t *wrong,
                                                  struct nl_error *err) NL_ALL_NONNULL;

void nl_issue_free(struct nl_issue *issue);

#endif
