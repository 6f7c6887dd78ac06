#include "newsletter/store/subject_test.h"

#include "newsletter/db/sql.h"
#include "store/event.h"
#include "store/making.h"
#include "store/removed.h"
#include "store/subject_test_row.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_subject_test_add(struct nl_store *store, int64_t issue,
                                   const struct nl_subject_plan *plan, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO subject_test (issue, share, wait, rule) VALUES (?, ?, ?, ?)",
                      NL_VALUES(NL_INT(issue), NL_INT(plan->share), NL_INT(plan->wait),
                                NL_STRING(nl_subject_rules[plan->rule])));
}

enum nl_status nl_subject_test_begin(struct nl_store *store, int64_t issue, struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "UPDATE subject_test SET decide_at = ?2 + wait WHERE issue = ?1 AND decide_at IS NULL",
        NL_VALUES(NL_INT(issue), NL_INT(nl_store_now(store))));
}

enum nl_status nl_subject_test_begin_again(struct nl_store *store, int64_t issue,
                                           struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE subject_test SET decide_at = ?2 + wait WHERE issue = ?1 AND winner "
                      "IS NULL",
                      NL_VALUES(NL_INT(issue), NL_INT(nl_store_now(store))));
}

/* Unsubscribes count from when the message went out, unless another issue was the cause. */
static enum nl_status read_score(struct nl_store *store, int64_t issue, int64_t variant,
                                 struct nl_subject_score *out, struct nl_error *err) {
    return nl_sql_first(
        store, err, NULL,
        "SELECT count(*), count(*) FILTER (WHERE d.state = 'sent'), "
        "count(*) FILTER (WHERE d.state = 'sent' AND s.state IN ('unsubscribed', "
        "'complained') AND s.ended_at >= d.updated_at AND NOT EXISTS (SELECT 1 FROM event e WHERE "
        "e.kind = 'unsubscribed' AND e.subscriber = s.subscriber AND e.list = s.list AND "
        "e.at >= d.updated_at AND e.issue <> d.issue)), "
        "count(d.replied_at) FROM delivery d JOIN subscription s ON s.id = d.subscription "
        "WHERE d.issue = ? AND d.variant = ?",
        NL_VALUES(NL_INT(issue), NL_INT(variant)),
        NL_COLUMNS(NL_INTO(&out->people), NL_INTO(&out->sent), NL_INTO(&out->left),
                   NL_INTO(&out->replied)));
}

void nl_subject_test_free(struct nl_subject_test *test) {
    for (size_t i = 0; i < NL_SUBJECTS; i++)
        free(test->subjects[i]);
    *test = (struct nl_subject_test){0};
}

enum nl_status nl_subject_test_read(struct nl_store *store, int64_t issue, bool *found,
                                    struct nl_subject_test *out, struct nl_error *err) {
    char rule[16] = "";
    *out = (struct nl_subject_test){0};
    enum nl_status status = nl_sql_first(
        store, err, found,
        "SELECT share, wait, rule, coalesce(decide_at, 0), coalesce(winner, 0), "
        "(SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'deferred' AND "
        "next_attempt_at IS NULL AND variant IS NULL), i.subject, i.alternative_subject "
        "FROM subject_test t JOIN issue i ON i.id = t.issue WHERE t.issue = ?1",
        NL_VALUES(NL_INT(issue)),
        NL_COLUMNS(NL_INTO(&out->plan.share), NL_INTO(&out->plan.wait),
                   NL_INTO_FIXED(rule, sizeof rule), NL_INTO(&out->decide_at),
                   NL_INTO(&out->winner), NL_INTO(&out->waiting), NL_INTO(&out->subjects[0]),
                   NL_INTO(&out->subjects[1])));
    if (status == NL_OK && *found)
        nl_subject_rule_parse(rule, &out->plan.rule);
    struct nl_removed removed = {0};
    if (status == NL_OK && *found)
        status = nl_removed_read(store, issue, &removed, err);
    memcpy(out->scores, removed.scores, sizeof out->scores);
    for (int64_t i = 0; status == NL_OK && *found && removed.at == 0 && i < NL_SUBJECTS; i++)
        status = read_score(store, issue, i + 1, &out->scores[i], err);
    return status;
}

/* Compares two shares, `a` out of `of_a` and `b` out of `of_b`; 0 where they are equal. */
static int compare_shares(int64_t a, int64_t of_a, int64_t b, int64_t of_b) {
    double left = of_a > 0 ? (double)a / (double)of_a : 0;
    double right = of_b > 0 ? (double)b / (double)of_b : 0;
    return (left > right) - (left < right);
}

int64_t nl_subject_test_better(const struct nl_subject_test *test) {
    const struct nl_subject_score *a = &test->scores[0];
    const struct nl_subject_score *b = &test->scores[1];
    int lead = 0;
    if (a->sent == 0 || b->sent == 0)
        return 1; /* too few readers: there is nothing to compare */
    if (test->plan.rule == NL_BY_REPLIES)
        lead = compare_shares(a->replied, a->sent, b->replied, b->sent);
    if (lead == 0)
        lead = compare_shares(b->left, b->sent, a->left, a->sent);
    return lead < 0 ? 2 : 1;
}

struct decision {
    int64_t issue;
    int64_t winner;
    bool decided;
};

/* By the rule, where nobody has chosen. */
static enum nl_status choose(struct nl_store *store, struct decision *call, struct nl_error *err) {
    struct nl_subject_test test = {0};
    bool found = false;
    enum nl_status status = nl_subject_test_read(store, call->issue, &found, &test, err);
    call->winner = nl_subject_test_better(&test);
    nl_subject_test_free(&test);
    return status;
}

static enum nl_status decide(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct decision *call = ctx;
    int64_t open = 0;
    enum nl_status status = nl_sql_number(
        store, err, &open, NULL,
        "SELECT 1 FROM subject_test WHERE issue = ?1 AND winner IS NULL AND "
        "decide_at IS NOT NULL AND (?2 <> 0 OR (decide_at <= ?3 AND "
        "NOT EXISTS (SELECT 1 FROM making WHERE issue = ?1) AND NOT EXISTS (SELECT 1 FROM canary "
        "WHERE issue = ?1 AND state IN ('waiting', 'paused'))))",
        NL_VALUES(NL_INT(call->issue), NL_INT(call->winner), NL_INT(nl_store_now(store))));
    if (status == NL_OK && open != 0 && call->winner == 0)
        status = choose(store, call, err);
    if (status != NL_OK || open == 0)
        return status;
    status = nl_sql_run(store, err, "UPDATE subject_test SET winner = ? WHERE issue = ?",
                        NL_VALUES(NL_INT(call->winner), NL_INT(call->issue)));
    if (status == NL_OK)
        status = nl_making_queue_waiting(store, call->issue, err);
    call->decided = status == NL_OK;
    return status == NL_OK ? nl_event_add(store, "subject-chosen", 0, 0, call->issue,
                                          call->winner == 1 ? "1" : "2", err)
                           : status;
}

enum nl_status nl_subject_test_decide(struct nl_store *store, int64_t issue, int64_t winner,
                                      bool *decided, struct nl_error *err) {
    struct decision call = {issue, winner, false};
    int64_t one = 0;
    bool open = false;
    enum nl_status status = nl_sql_number(
        store, err, &one, &open, "SELECT 1 FROM subject_test WHERE issue = ? AND winner IS NULL",
        NL_VALUES(NL_INT(issue)));
    if (status == NL_OK && open)
        status = nl_sql_exclusive(store, decide, &call, err);
    *decided = call.decided;
    return status;
}

enum nl_status nl_subject_test_replied(struct nl_store *store, int64_t delivery, bool *known,
                                       struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE " SET replied_at = coalesce(replied_at, ?) WHERE id = ? AND "
        "issue IS NOT NULL",
        NL_VALUES(NL_OF_DELIVERY(delivery), NL_INT(nl_store_now(store)), NL_INT(delivery)));
    *known = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}
