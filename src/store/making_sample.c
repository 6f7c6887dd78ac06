/* Two subjects: the sample of an issue that is made in parts. */
#include "newsletter/db/sql.h"
#include "store/making.h"

/* The deliveries of a part. The unique index of a delivery finds them. */
#define DELIVERIES_OF_PART                                                                         \
    "FROM delivery" NL_OF_ISSUE " WHERE issue = ?1 AND subscription > ?2 AND subscription <= ?3"

/* How many of that many people try a subject: the share in percent, rounded up, at least one for
 * each subject. */
static int64_t sample_of(int64_t people, int64_t share) {
    return people * share > 200 ? (people * share + 99) / 100 : 2;
}

/* The lot is drawn within each part, so it is spread over the list; the subjects take turns from
 * one part to the next. */
enum nl_status nl_part_sample(struct nl_store *store, const struct nl_part *part, int64_t *sampled,
                              struct nl_error *err) {
    int64_t share = 0;
    enum nl_status status =
        nl_sql_number(store, err, &share, NULL, "SELECT share FROM subject_test WHERE issue = ?",
                      NL_VALUES(NL_INT(part->issue)));
    int64_t wanted = sample_of(part->made, share) - *sampled;
    if (status != NL_OK || wanted <= 0)
        return status;
    status = nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE
        " AS d SET state = CASE WHEN ?6 = 0 THEN 'queued' ELSE state END, "
        "variant = 1 + (lot.place + ?4) % 2 FROM "
        "(SELECT id, row_number() OVER (ORDER BY random()) AS place " DELIVERIES_OF_PART
        ") AS lot WHERE d.id = lot.id AND lot.place <= ?5",
        NL_VALUES(NL_OF(part->issue), NL_INT(part->issue), NL_INT(part->after), NL_INT(part->last),
                  NL_INT(*sampled), NL_INT(wanted), NL_INT(part->canary)));
    *sampled += status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}
