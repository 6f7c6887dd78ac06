/* Two subjects of one issue, tried on a share of its audience: the rest gets the better one.
 * Nothing is tracked for it: only unsubscribes, or answers, count. */
#ifndef NEWSLETTER_STORE_SUBJECT_TEST_H
#define NEWSLETTER_STORE_SUBJECT_TEST_H

#include "newsletter/store/issue.h"

enum { NL_SUBJECTS = 2 };

/* The results of one of the subjects in the sample. */
struct nl_subject_score {
    int64_t people; /* to whom it goes */
    int64_t sent;
    int64_t left;    /* how many of them have unsubscribed or complained since */
    int64_t replied; /* of those: answered */
};

struct nl_subject_test {
    struct nl_subject_plan plan;
    int64_t decide_at; /* 0: the issue has not begun to go out */
    int64_t winner;    /* 1 or 2; 0: not decided */
    int64_t waiting;   /* deliveries that wait for the decision */
    struct nl_subject_score scores[NL_SUBJECTS];
    char *subjects[NL_SUBJECTS];
};
void nl_subject_test_free(struct nl_subject_test *test);

/* *found false where the issue has only one subject. Free with nl_subject_test_free. */
NL_CHECKED enum nl_status nl_subject_test_read(struct nl_store *store, int64_t issue, bool *found,
                                               struct nl_subject_test *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The better subject by the rule, 1 or 2. If both are equal, it is the one after which fewer people
 * left, else the first. */
int64_t nl_subject_test_better(const struct nl_subject_test *test) NL_ALL_NONNULL;

/* Decides when the time has come and the whole sample is made, or at once with `winner` 1 or 2. The
 * waiting deliveries are queued with the subject that has won: the first part of them here, the
 * others by the run (nl_making_next). *decided is false where there was nothing to decide. */
NL_CHECKED enum nl_status nl_subject_test_decide(struct nl_store *store, int64_t issue,
                                                 int64_t winner, bool *decided,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Notes that a delivery was answered; a second answer changes nothing. *known is false when there
 * is no such delivery. */
NL_CHECKED enum nl_status nl_subject_test_replied(struct nl_store *store, int64_t delivery,
                                                  bool *known, struct nl_error *err) NL_ALL_NONNULL;

#endif
