/* Figures about lists and issues: what reports, the dashboard and the API show. */
#ifndef NEWSLETTER_STORE_STATISTICS_H
#define NEWSLETTER_STORE_STATISTICS_H

#include "newsletter/db/handle.h"

/* Calls `each` for every day (UTC) on which somebody joined or left a list (0: any), in order, with
 * how many were active when it ended. `day` is its first second. Of people who left and came back
 * only the latest stay is counted. */
NL_CHECKED enum nl_status
nl_statistics_growth(struct nl_store *store, int64_t list,
                     enum nl_status (*each)(int64_t day, int64_t joined, int64_t left,
                                            int64_t active, void *ctx, struct nl_error *err),
                     void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Calls `each` for the domains that an issue goes to and the states of the deliveries there, the
 * largest domains first, at most `limit` of them; the rows of a domain follow one another. Leased
 * deliveries count as queued. */
NL_CHECKED enum nl_status
nl_statistics_domains(struct nl_store *store, int64_t issue, int64_t limit,
                      enum nl_status (*each)(const char *domain, const char *state, int64_t count,
                                             void *ctx, struct nl_error *err),
                      void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* Calls `each` for the reasons for which messages of an issue came back (or the relay refused them:
 * then the reason is the enhanced status code, or the reply code), the most frequent first. `kind`
 * is that of the bounce, or "refused". */
NL_CHECKED enum nl_status
nl_statistics_reasons(struct nl_store *store, int64_t issue,
                      enum nl_status (*each)(const char *kind, const char *reason, int64_t count,
                                             void *ctx, struct nl_error *err),
                      void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Calls `each` for every period of `seconds` in which messages of an issue reached their last state
 * so far, in order. */
NL_CHECKED enum nl_status
nl_statistics_timeline(struct nl_store *store, int64_t issue, int64_t seconds,
                       enum nl_status (*each)(int64_t from, const char *state, int64_t count,
                                              void *ctx, struct nl_error *err),
                       void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* How many messages of an issue came to an end, for good or not, since a second: *count. *since is
 * when the first of them did, or that second where the issue was under way before. Reads no more
 * than these seconds. */
NL_CHECKED enum nl_status nl_statistics_pace(struct nl_store *store, int64_t issue, int64_t from,
                                             int64_t *since, int64_t *count,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* How many unsubscribed because of an issue: through a link in it, or, if the link is not known,
 * those whose last issue it was. */
NL_CHECKED enum nl_status nl_statistics_unsubscribed(struct nl_store *store, int64_t issue,
                                                     int64_t *count,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* How many complained about an issue, and how many answered it (what `newsletter replies` read). */
NL_CHECKED enum nl_status nl_statistics_complaints(struct nl_store *store, int64_t issue,
                                                   int64_t *count,
                                                   struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_statistics_replies(struct nl_store *store, int64_t issue,
                                                int64_t *count,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for the replies with which messages were deferred since a time and wait now, the
 * most frequent first: by code (0: the connection broke), with the text of one of them. */
enum { NL_DEFERRALS_TOLD = 3 };
NL_CHECKED enum nl_status
nl_statistics_deferrals(struct nl_store *store, int64_t since,
                        enum nl_status (*each)(int64_t code, const char *text, int64_t count,
                                               void *ctx, struct nl_error *err),
                        void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Call `each` for the states that issues are in; the kinds and states of
 * deliveries of issues that are going out, and of notices; and the
 * kinds of events. The second word is "" where there is only one. */
NL_CHECKED enum nl_status
nl_statistics_issues(struct nl_store *store,
                     enum nl_status (*each)(const char *state, const char *unused, int64_t count,
                                            void *ctx, struct nl_error *err),
                     void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);
NL_CHECKED enum nl_status
nl_statistics_deliveries(struct nl_store *store,
                         enum nl_status (*each)(const char *kind, const char *state, int64_t count,
                                                void *ctx, struct nl_error *err),
                         void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);
NL_CHECKED enum nl_status
nl_statistics_events(struct nl_store *store,
                     enum nl_status (*each)(const char *kind, const char *unused, int64_t count,
                                            void *ctx, struct nl_error *err),
                     void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* For how many seconds the oldest due delivery has been waiting; 0 if none is due. Paused issues do
 * not count. */
NL_CHECKED enum nl_status nl_statistics_overdue(struct nl_store *store, int64_t *seconds,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
