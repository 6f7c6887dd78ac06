/* The sample of a canary, drawn from each part of an issue. */
#include "newsletter/db/sql.h"
#include "store/canary_row.h"

enum { WHOLE = 10000 }; /* hundredths of a per cent */

/* How many of the people so far are to be in it: the same share of each part, rounded up; all of a
 * number of people once the last part is there. */
static int64_t wanted_of(const struct nl_part *part, const struct nl_canary_plan *plan) {
    if (plan->share > 0)
        return (part->made * plan->share + WHOLE - 1) / WHOLE;
    if (part->is_last || part->seen >= part->people)
        return plan->people;
    return (plan->people * part->seen + part->people - 1) / part->people;
}

enum nl_status nl_part_canary_wanted(struct nl_store *store, const struct nl_part *part,
                                     int64_t *wanted, struct nl_error *err) {
    struct nl_canary_plan plan = {0};
    enum nl_status status = nl_sql_first(
        store, err, NULL, "SELECT share, people FROM canary WHERE issue = ?",
        NL_VALUES(NL_INT(part->issue)), NL_COLUMNS(NL_INTO(&plan.share), NL_INTO(&plan.people)));
    *wanted = part->made > 0 ? wanted_of(part, &plan) : 0;
    return status;
}

enum nl_status nl_part_canary(struct nl_store *store, const struct nl_part *part, int64_t *sampled,
                              struct nl_error *err) {
    int64_t wanted = 0;
    enum nl_status status = nl_part_canary_wanted(store, part, &wanted, err);
    wanted -= *sampled;
    if (status != NL_OK || wanted <= 0)
        return status;
    status = nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE
        " AS d SET state = 'queued' FROM (SELECT id, row_number() OVER (ORDER BY "
        "random()) AS place FROM delivery" NL_OF_ISSUE
        " WHERE issue = ?1 AND subscription > ?2 AND "
        "subscription <= ?3 AND state = 'deferred' AND next_attempt_at IS NULL AND (?5 = 0 OR "
        "variant IS NOT NULL) AND id > (SELECT newer_than FROM canary WHERE issue = ?1)) AS lot "
        "WHERE d.id = lot.id AND lot.place <= ?4",
        NL_VALUES(NL_OF(part->issue), NL_INT(part->issue), NL_INT(part->after), NL_INT(part->last),
                  NL_INT(wanted), NL_INT(part->tested)));
    *sampled += status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}
