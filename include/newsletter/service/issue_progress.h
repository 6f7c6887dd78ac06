/* How far an issue is, from the totals that are kept by issue: cheap, however many people it has.
 */
#ifndef NEWSLETTER_SERVICE_ISSUE_PROGRESS_H
#define NEWSLETTER_SERVICE_ISSUE_PROGRESS_H

#include "newsletter/service/office.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/making.h"

enum { NL_PROGRESS_PROVIDERS = 8, NL_PROGRESS_DOMAIN = 254, NL_PROGRESS_NOTE = 200 };

/* The deliveries to the mailboxes of one provider, told by their domain. */
struct nl_progress_provider {
    char domain[NL_PROGRESS_DOMAIN]; /* "" for all that are not among the largest */
    int64_t waiting, sent, deferred, bounced;
    int64_t other; /* failed or unknown */
};

/* A copy: it holds no pointers. */
struct nl_issue_progress {
    int64_t issue;
    bool found;
    enum nl_issue_state state;
    char note[NL_PROGRESS_NOTE + 1]; /* why it is paused; "" for nothing */
    int64_t at;                      /* when this was read */
    int64_t scheduled_at;
    struct nl_counts counts;
    int64_t total, done;   /* messages, and how many of them need nothing more */
    bool unfinished;       /* its deliveries are still being made */
    int64_t made, about;   /* then: how many are, of how many */
    int64_t per_minute;    /* messages that came to an end lately, as a rate */
    int64_t seconds_left;  /* at this rate; -1: not known */
    size_t provider_count; /* the largest first, the others as one at the end */
    struct nl_progress_provider providers[NL_PROGRESS_PROVIDERS + 1];
};

/* Reads it. out->found is false where there is no such issue. Without `providers` those in `out`
 * stay as they are: of all figures only they take longer where an issue goes to many domains. */
NL_CHECKED enum nl_status nl_office_issue_progress(const struct nl_office *office, int64_t issue,
                                                   bool providers, struct nl_issue_progress *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* How far the deliveries of an issue are made, and how many people still have their turn to come:
 * counting those reads all of them. */
NL_CHECKED enum nl_status nl_office_issue_making(const struct nl_office *office, int64_t issue,
                                                 struct nl_making *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_issue_unmade(const struct nl_office *office, int64_t issue,
                                                 int64_t *people,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* When the deliveries of an issue were removed; 0: they are there. */
NL_CHECKED enum nl_status nl_office_issue_removal(const struct nl_office *office, int64_t issue,
                                                  int64_t *at, struct nl_error *err) NL_ALL_NONNULL;

#endif
