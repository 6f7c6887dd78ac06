#include "newsletter/store/canary.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"
#include "store/canary_row.h"
#include "store/subject_test_row.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hundredths of a per cent. */
enum { PER_CENT = 100, WHOLE = 10000, PEOPLE_MOST = 1000000000 };

static const char *const states[] = {"waiting", "passed", "paused", "overruled"};

const char *nl_canary_state_text(enum nl_canary_state state) {
    return states[state];
}

/* "0.25%" is 25: up to two digits after the point. */
static bool read_share(const char *text, size_t len, int64_t *out) {
    size_t at = 0;
    int64_t share = 0;
    while (at < len && isdigit((unsigned char)text[at]) && share <= WHOLE)
        share = share * 10 + (text[at++] - '0');
    if (at == 0)
        return false;
    share *= PER_CENT;
    if (at + 1 < len && text[at] == '.') {
        int64_t worth = PER_CENT / 10;
        for (at++; at < len && isdigit((unsigned char)text[at]) && worth > 0; worth /= 10)
            share += worth * (text[at++] - '0');
    }
    *out = share;
    return at == len && share > 0 && share <= WHOLE;
}

bool nl_canary_parse(const char *text, struct nl_canary_plan *out) {
    size_t len = strlen(text);
    *out = (struct nl_canary_plan){0};
    if (len > 1 && text[len - 1] == '%')
        return read_share(text, text[len - 2] == ' ' ? len - 2 : len - 1, &out->share);
    return nl_text_integer(text, &out->people) && out->people > 0 && out->people <= PEOPLE_MOST;
}

void nl_canary_text(const struct nl_canary_plan *plan, char out[NL_CANARY_TEXT]) {
    long long whole = plan->share / PER_CENT;
    long long rest = plan->share % PER_CENT;
    if (plan->share == 0)
        snprintf(out, NL_CANARY_TEXT, "%lld", (long long)plan->people);
    else if (rest == 0)
        snprintf(out, NL_CANARY_TEXT, "%lld%%", whole);
    else if (rest % 10 == 0)
        snprintf(out, NL_CANARY_TEXT, "%lld.%lld%%", whole, rest / 10);
    else
        snprintf(out, NL_CANARY_TEXT, "%lld.%02lld%%", whole, rest);
}

void nl_canary_free(struct nl_canary *canary) {
    free(canary->facts);
    *canary = (struct nl_canary){0};
}

/* A canary of the rest takes the place of the one that the issue had. */
static enum nl_status add(struct nl_store *store, int64_t issue, const struct nl_canary_plan *plan,
                          int64_t newer_than, struct nl_error *err) {
    struct nl_token token = {0};
    nl_token_new(nl_store_env(store), &token);
    return nl_sql_run(store, err,
                      "INSERT INTO canary (issue, share, people, state, token, newer_than) VALUES "
                      "(?, ?, ?, 'waiting', ?, ?) ON CONFLICT (issue) DO UPDATE SET share = "
                      "excluded.share, people = excluded.people, state = excluded.state, token = "
                      "excluded.token, newer_than = excluded.newer_than, look_until = NULL, "
                      "look_at = NULL, facts = NULL",
                      NL_VALUES(NL_INT(issue), NL_INT(plan->share), NL_INT(plan->people),
                                NL_STRING(token.text), NL_INT(newer_than)));
}

enum nl_status nl_canary_add(struct nl_store *store, const struct nl_issue *issue,
                             struct nl_error *err) {
    const struct nl_canary_plan *plan = &issue->canary;
    return plan->share == 0 && plan->people == 0 ? NL_OK : add(store, issue->id, plan, 0, err);
}

/* The sample is told by its ids, so it may not be mixed with one that is still under way. */
enum nl_status nl_canary_add_to_rest(struct nl_store *store, int64_t issue,
                                     const struct nl_canary_plan *plan, struct nl_error *err) {
    int64_t last = 0;
    bool waits = false;
    bool tried = false;
    if (plan->share == 0 && plan->people == 0)
        return NL_OK;
    enum nl_status status = nl_canary_waits(store, issue, &waits, err);
    if (status == NL_OK)
        status = nl_sql_exists(store, err, &tried,
                               "SELECT 1 FROM subject_test WHERE issue = ? AND winner IS NULL",
                               NL_VALUES(NL_INT(issue)));
    if (status == NL_OK && waits)
        return nl_error_set(err, NL_EXISTS,
                            NL_TEXT("the issue waits for its first canary: let it end first"));
    if (status == NL_OK && tried)
        return nl_error_set(err, NL_EXISTS,
                            NL_TEXT("two subjects are still being tried: choose one first, so "
                                    "that the canary has the right one"));
    if (status == NL_OK)
        status = nl_sql_number(store, err, &last, NULL, "SELECT coalesce(max(id), 0) FROM delivery",
                               NL_NO_VALUES);
    return status == NL_OK ? add(store, issue, plan, last, err) : status;
}

enum nl_status nl_canary_read(struct nl_store *store, int64_t issue, bool *found,
                              struct nl_canary *out, struct nl_error *err) {
    char state[16] = "";
    *out = (struct nl_canary){0};
    enum nl_status status = nl_sql_first(
        store, err, found,
        "SELECT share, people, state, token, coalesce(look_until, 0), "
        "coalesce(look_at, 0), facts FROM canary WHERE issue = ?",
        NL_VALUES(NL_INT(issue)),
        NL_COLUMNS(NL_INTO(&out->plan.share), NL_INTO(&out->plan.people),
                   NL_INTO_FIXED(state, sizeof state), NL_INTO_FIXED(out->token, sizeof out->token),
                   NL_INTO(&out->until), NL_INTO(&out->look_at), NL_INTO(&out->facts)));
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i], state) == 0)
            out->state = (enum nl_canary_state)i;
    return status;
}

enum nl_status nl_canary_any(struct nl_store *store, bool *any, struct nl_error *err) {
    return nl_sql_exists(store, err, any,
                         "SELECT 1 FROM canary c JOIN issue i ON i.id = c.issue WHERE c.state = "
                         "'waiting' AND i.state IN ('scheduled', 'sending', 'paused')",
                         NL_NO_VALUES);
}

enum nl_status nl_canary_note(struct nl_store *store, int64_t issue, const struct nl_canary *canary,
                              struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE canary SET look_until = nullif(?, 0), look_at = nullif(?, 0), "
                      "facts = ? WHERE issue = ? AND state = 'waiting'",
                      NL_VALUES(NL_INT(canary->until), NL_INT(canary->look_at),
                                NL_STRING(canary->facts), NL_INT(issue)));
}

/* People who wait are deferred without a time; all others are the sample. */
enum nl_status nl_canary_count(struct nl_store *store, int64_t issue, struct nl_canary_sample *out,
                               struct nl_error *err) {
    *out = (struct nl_canary_sample){0};
    return nl_sql_first(
        store, err, NULL,
        "SELECT count(*), (SELECT count(*) FROM making WHERE issue = ?1), "
        "count(*) FILTER (WHERE state IN ('queued', 'leased')), count(*) FILTER (WHERE state = "
        "'sent'), "
        "count(*) FILTER (WHERE state = 'deferred'), "
        "count(*) FILTER (WHERE state IN ('bounced', 'failed')), "
        "count(*) FILTER (WHERE state = 'unknown'), count(*) FILTER (WHERE state = 'skipped') "
        "FROM delivery WHERE issue = ?1 AND id > (SELECT newer_than FROM canary WHERE issue = ?1) "
        "AND (state <> 'deferred' OR next_attempt_at IS NOT NULL)",
        NL_VALUES(NL_INT(issue)),
        NL_COLUMNS(NL_INTO(&out->people), NL_INTO(&out->unmade), NL_INTO(&out->untried),
                   NL_INTO(&out->sent), NL_INTO(&out->deferred), NL_INTO(&out->refused),
                   NL_INTO(&out->unknown), NL_INTO(&out->skipped)));
}

enum nl_status nl_canary_overrule(struct nl_store *store, int64_t issue, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err, "UPDATE canary SET state = 'overruled' WHERE issue = ? AND state = 'paused'",
        NL_VALUES(NL_INT(issue)));
    return status == NL_OK && nl_sql_changes(store) > 0
               ? nl_subject_test_begin_again(store, issue, err)
               : status;
}

enum nl_status nl_canary_go_on(struct nl_store *store, int64_t issue, bool *waited,
                               struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE canary SET state = 'overruled', look_at = NULL WHERE issue = ? AND "
                   "state IN ('waiting', 'paused')",
                   NL_VALUES(NL_INT(issue)));
    *waited = status == NL_OK && nl_sql_changes(store) > 0;
    return *waited ? nl_subject_test_begin_again(store, issue, err) : status;
}

enum nl_status nl_canary_waits(struct nl_store *store, int64_t issue, bool *waits,
                               struct nl_error *err) {
    return nl_sql_exists(store, err, waits,
                         "SELECT 1 FROM canary WHERE issue = ? AND state = 'waiting'",
                         NL_VALUES(NL_INT(issue)));
}
