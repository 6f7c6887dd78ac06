#include "store/making.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/import_job.h"
#include "store/canary_row.h"
#include "store/fan_out.h"

#include <stdlib.h>

/* A row of `making`, with what its parts need to know of the issue. */
struct making {
    int64_t id, list, issue;
    bool further;
    int64_t began_at, newest, reached, people, seen, made, sampled;
    char *segment, *local_time;
    bool tested;        /* two subjects are tried, and none has won yet */
    int64_t winner;     /* the one that has won; 0: none */
    bool canary;        /* a sample goes first, and is not over yet */
    int64_t newer_than; /* where it is one of the rest: the last delivery before */
};

static void making_free(struct making *making) {
    free(making->segment);
    free(making->local_time);
    *making = (struct making){0};
}

#define FROM_MAKING                                                                                \
    "SELECT m.id, i.list, m.issue, m.further <> 0, m.began_at, m.newest, m.reached, m.people, "    \
    "m.seen, m.made, m.sampled, m.segment, i.local_time, "                                         \
    "t.issue IS NOT NULL AND t.winner IS NULL, coalesce(t.winner, 0), "                            \
    "coalesce(c.state, '') = 'waiting', coalesce(c.newer_than, 0) FROM making m JOIN issue i ON "  \
    "i.id = m.issue "                                                                              \
    "LEFT JOIN subject_test t ON t.issue = m.issue LEFT JOIN canary c ON c.issue = m.issue "

#define INTO_MAKING(making)                                                                        \
    NL_COLUMNS(                                                                                    \
        NL_INTO(&(making)->id), NL_INTO(&(making)->list), NL_INTO(&(making)->issue),               \
        NL_INTO(&(making)->further), NL_INTO(&(making)->began_at), NL_INTO(&(making)->newest),     \
        NL_INTO(&(making)->reached), NL_INTO(&(making)->people), NL_INTO(&(making)->seen),         \
        NL_INTO(&(making)->made), NL_INTO(&(making)->sampled), NL_INTO(&(making)->segment),        \
        NL_INTO(&(making)->local_time), NL_INTO(&(making)->tested), NL_INTO(&(making)->winner),    \
        NL_INTO(&(making)->canary), NL_INTO(&(making)->newer_than))

/* One making of an issue after the other, so that only the first one meets skipped deliveries of
 * its own. Another process that makes a part has the row. */
static enum nl_status find_making(struct nl_store *store, int64_t issue, struct making *out,
                                  bool *found, struct nl_error *err) {
    return nl_sql_first(store, err, found,
                        FROM_MAKING "WHERE m.id = (SELECT min(id) FROM making WHERE issue = ?) AND "
                                    "i.state = 'sending' "
                                    "/*+ FOR NO KEY UPDATE OF m SKIP LOCKED */",
                        NL_VALUES(NL_INT(issue)), INTO_MAKING(out));
}

/* ---- a part ---- */

static enum nl_status find_part(struct nl_store *store, const struct making *making,
                                struct nl_part *part, int64_t *seen, struct nl_error *err) {
    *part = (struct nl_part){.issue = making->issue, .after = making->reached};
    return nl_sql_first(store, err, NULL,
                        "SELECT coalesce(max(id), 0), count(*) FROM (SELECT id FROM subscription "
                        "WHERE list = ? AND state = 'active' AND id > ? AND id <= ? "
                        "ORDER BY id LIMIT ?) AS part",
                        NL_VALUES(NL_INT(making->list), NL_INT(making->reached),
                                  NL_INT(making->newest), NL_INT(NL_PART)),
                        NL_COLUMNS(NL_INTO(&part->last), NL_INTO(seen)));
}

static struct nl_fan_out fan_out_of(const struct making *making, const struct nl_segment *segment,
                                    int64_t last) {
    return (struct nl_fan_out){.list = making->list,
                               .issue = making->issue,
                               .making = making->id,
                               .segment = segment,
                               .after = making->reached,
                               .last = last};
}

/* A segment's "30 days ago" counts from the beginning. */
static enum nl_status parse_segment(const struct making *making, struct nl_segment **out,
                                    struct nl_error *err) {
    *out = NULL;
    return making->segment == NULL ? NL_OK
                                   : nl_segment_parse(making->segment, making->began_at, out, err);
}

/* `sampled` counts those who try a subject, where there are two. Then the canary takes from each
 * part what that adds to its share. */
static enum nl_status draw_canary(struct nl_store *store, struct making *making,
                                  const struct nl_part *part, struct nl_error *err) {
    const struct nl_part before = {
        .issue = part->issue, .made = making->made, .seen = making->seen, .people = part->people};
    int64_t drawn = 0;
    if (!part->tested)
        return nl_part_canary(store, part, &making->sampled, err);
    enum nl_status status = nl_part_canary_wanted(store, &before, &drawn, err);
    return status == NL_OK ? nl_part_canary(store, part, &drawn, err) : status;
}

/* People who wait for a subject, or an hour, are deferred from the first moment on. */
static enum nl_status make_deliveries(struct nl_store *store, struct making *making,
                                      struct nl_part *part, int64_t *made, struct nl_error *err) {
    struct nl_segment *segment = NULL;
    enum nl_status status = parse_segment(making, &segment, err);
    struct nl_fan_out fan_out = fan_out_of(making, segment, part->last);
    bool by_hours = making->local_time != NULL && !making->further;
    fan_out.waits = making->tested || by_hours || making->canary;
    fan_out.variant = making->further ? making->winner : 0;
    part->canary = making->canary;
    part->tested = making->tested && !making->further;
    if (status == NL_OK)
        status = making->further ? nl_fan_out_further(store, &fan_out, err)
                                 : nl_fan_out(store, &fan_out, err);
    *made = fan_out.deliveries;
    part->made = making->made + *made;
    if (status == NL_OK && part->tested)
        status = nl_part_sample(store, part, &making->sampled, err);
    if (status == NL_OK && making->canary && (!making->further || making->newer_than > 0))
        status = draw_canary(store, making, part, err);
    else if (status == NL_OK && by_hours)
        status = nl_part_hours(store, part, making->local_time, err);
    nl_segment_free(segment);
    return status;
}

static enum nl_status end_making(struct nl_store *store, int64_t making, struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM making_late WHERE making = ?",
                                       NL_VALUES(NL_INT(making)));
    return status == NL_OK ? nl_sql_run(store, err, "DELETE FROM making WHERE id = ?",
                                        NL_VALUES(NL_INT(making)))
                           : status;
}

static enum nl_status make_part(struct nl_store *store, struct making *making, int64_t *made,
                                struct nl_error *err) {
    struct nl_part part = {0};
    int64_t seen = 0;
    enum nl_status status = find_part(store, making, &part, &seen, err);
    part.seen = making->seen + seen;
    part.people = making->people;
    part.is_last = seen < NL_PART;
    if (status == NL_OK && seen > 0)
        status = make_deliveries(store, making, &part, made, err);
    if (status != NL_OK)
        return status;
    if (seen < NL_PART)
        return end_making(store, making->id, err);
    return nl_sql_run(store, err,
                      "UPDATE making SET reached = ?, seen = seen + ?, made = ?, sampled = ? "
                      "WHERE id = ?",
                      NL_VALUES(NL_INT(part.last), NL_INT(seen), NL_INT(part.made),
                                NL_INT(making->sampled), NL_INT(making->id)));
}

/* ---- beginning and ending ---- */

enum nl_status nl_making_measure(struct nl_store *store, int64_t list, int64_t *people,
                                 struct nl_error *err) {
    enum nl_status status = nl_import_settle(store, err);
    return status == NL_OK ? nl_sql_number(store, err, people, NULL,
                                           "SELECT count(*) FROM subscription WHERE list = ? AND "
                                           "state = 'active'",
                                           NL_VALUES(NL_INT(list)))
                           : status;
}

enum nl_status nl_making_begin(struct nl_store *store, const struct nl_making_plan *plan,
                               int64_t *made, struct nl_error *err) {
    struct making making = {0};
    int64_t id = 0;
    *made = 0;
    /* One statement, so that it sees the whole of an import or nothing of it. */
    enum nl_status status = nl_sql_insert(
        store, err, &id,
        "INSERT INTO making (issue, segment, further, began_at, newest, reached, people, seen, "
        "made, sampled) SELECT ?1, ?2, ?3, ?4, coalesce(max(id), 0), 0, ?5, 0, 0, 0 "
        "FROM subscription WHERE list = ?6 AND state = 'active' "
        "HAVING NOT EXISTS (SELECT 1 FROM import WHERE accepted_at IS NOT NULL AND done_at IS "
        "NULL)",
        NL_VALUES(NL_INT(plan->issue), NL_STRING(plan->segment), NL_INT(plan->further),
                  NL_INT(nl_store_now(store)), NL_INT(plan->people), NL_INT(plan->list)));
    if (status == NL_OK && id == 0)
        status = nl_error_set(err, NL_BUSY, NL_TEXT("an import is being taken in: try again"));
    if (status == NL_OK)
        status = nl_sql_first(store, err, NULL,
                              FROM_MAKING "WHERE m.id = ?1 AND m.id = (SELECT min(id) FROM making "
                                          "WHERE issue = ?2)",
                              NL_VALUES(NL_INT(id), NL_INT(plan->issue)), INTO_MAKING(&making));
    /* An earlier making comes first. */
    if (status == NL_OK && making.id != 0)
        status = make_part(store, &making, made, err);
    making_free(&making);
    return status;
}

enum nl_status nl_making_hold(struct nl_store *store, int64_t issue, struct nl_error *err) {
    bool any = false;
    return nl_sql_exists(store, err, &any,
                         "SELECT 1 FROM making WHERE issue = ? /*+ FOR NO KEY UPDATE */",
                         NL_VALUES(NL_INT(issue)));
}

enum nl_status nl_making_end(struct nl_store *store, int64_t issue, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids, "SELECT id FROM making WHERE issue = ?",
                    NL_VALUES(NL_INT(issue)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++)
        status = end_making(store, nl_ids_at(&ids, i), err);
    nl_buf_free(&ids);
    return status;
}

/* ---- going on ---- */

/* People who wait for a canary that is over, or for a subject that has won meanwhile. With both,
 * the sample of the subjects waits for the canary, and has its subject already. */
#define NO_LONGER_WAITING                                                                          \
    "SELECT d.id FROM delivery" NL_OF_ISSUE " d WHERE d.issue = ?1 AND d.state = 'deferred' AND "  \
    "d.next_attempt_at IS NULL AND (SELECT count(*) FROM canary c WHERE c.issue = ?1 AND c.state " \
    "IN ('waiting', 'paused')) = 0 AND ((SELECT t.winner FROM subject_test t WHERE t.issue = ?1) " \
    "IS NOT NULL OR ((SELECT count(*) FROM canary c WHERE c.issue = ?1) > 0 AND (d.variant IS "    \
    "NOT NULL OR (SELECT count(*) FROM subject_test t WHERE t.issue = ?1) = 0)))"

static enum nl_status queue_waiting(struct nl_store *store, int64_t issue, int64_t *changed,
                                    struct nl_error *err) {
    char *local_time = NULL;
    bool by_hours = false;
    enum nl_status status =
        nl_sql_first(store, err, &by_hours,
                     "SELECT i.local_time FROM issue i JOIN canary c ON c.issue = i.id WHERE i.id "
                     "= ? AND i.local_time IS NOT NULL AND c.newer_than = 0 "
                     "/*+ FOR UPDATE OF c */",
                     NL_VALUES(NL_INT(issue)), NL_COLUMNS(NL_INTO(&local_time)));
    if (status == NL_OK && by_hours)
        status = nl_part_wait_for_hours(store, issue, local_time, changed, err);
    free(local_time);
    if (status != NL_OK || by_hours)
        return status;
    status = nl_sql_run(store, err,
                        "UPDATE delivery" NL_OF_ISSUE
                        " SET state = 'queued' WHERE state = 'deferred' AND id IN "
                        "(" NO_LONGER_WAITING " LIMIT ?2 /*+ FOR UPDATE SKIP LOCKED */)",
                        NL_VALUES(NL_OF(issue), NL_INT(issue), NL_INT(NL_PART)));
    *changed = status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}

enum nl_status nl_making_queue_waiting(struct nl_store *store, int64_t issue,
                                       struct nl_error *err) {
    int64_t changed = 0;
    return queue_waiting(store, issue, &changed, err);
}

struct step {
    int64_t issue;
    bool found;
    int64_t changed;
};

static enum nl_status take_step(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct step *step = ctx;
    struct making making = {0};
    enum nl_status status = find_making(store, step->issue, &making, &step->found, err);
    if (status == NL_OK && step->found)
        status = make_part(store, &making, &step->changed, err);
    else if (status == NL_OK)
        status = queue_waiting(store, step->issue, &step->changed, err);
    making_free(&making);
    return status;
}

enum nl_status nl_making_next(struct nl_store *store, int64_t issue, enum nl_part_result *result,
                              struct nl_error *err) {
    struct step step = {.issue = issue};
    bool any = false;
    *result = NL_PART_NONE;
    enum nl_status status =
        nl_sql_exists(store, err, &any,
                      "SELECT 1 FROM issue i WHERE i.id = ?1 AND i.state = 'sending' AND "
                      "(EXISTS (SELECT 1 FROM making m WHERE m.issue = ?1) OR "
                      "EXISTS (" NO_LONGER_WAITING "))",
                      NL_VALUES(NL_OF(issue), NL_INT(issue)));
    if (status != NL_OK || !any)
        return status;
    status = nl_sql_shared(store, take_step, &step, err);
    if (status == NL_OK)
        *result = step.found || step.changed > 0 ? NL_PART_MADE : NL_PART_TAKEN;
    return status;
}

/* ---- how far it is ---- */

enum nl_status nl_making_read(struct nl_store *store, int64_t issue, struct nl_making *out,
                              struct nl_error *err) {
    int64_t rows = 0;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT count(*), CAST(coalesce(sum(made), 0) AS BIGINT), "
                     "CAST(coalesce(sum(CASE seen WHEN 0 THEN people ELSE (made * people + seen / "
                     "2) / seen END), 0) AS "
                     "BIGINT) FROM making WHERE issue = ?",
                     NL_VALUES(NL_INT(issue)),
                     NL_COLUMNS(NL_INTO(&rows), NL_INTO(&out->made), NL_INTO(&out->about)));
    out->unfinished = rows > 0;
    if (out->about < out->made)
        out->about = out->made;
    return status;
}

struct left {
    struct nl_store *store;
    int64_t people;
};

static enum nl_status add_left(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct left *left = context;
    struct making making = {0};
    struct nl_segment *segment = NULL;
    int64_t people = 0;
    enum nl_status status = nl_sql_read(row, INTO_MAKING(&making), err);
    if (status == NL_OK)
        status = parse_segment(&making, &segment, err);
    if (status == NL_OK) {
        const struct nl_fan_out fan_out = fan_out_of(&making, segment, making.newest);
        status = nl_fan_out_count(left->store, &fan_out, making.further, &people, err);
    }
    left->people += people;
    nl_segment_free(segment);
    making_free(&making);
    return status;
}

enum nl_status nl_making_left(struct nl_store *store, int64_t issue, int64_t *people,
                              struct nl_error *err) {
    struct left left = {.store = store};
    enum nl_status status =
        nl_sql_each(store, err, add_left, &left, FROM_MAKING "WHERE m.issue = ? ORDER BY m.id",
                    NL_VALUES(NL_INT(issue)));
    *people = left.people;
    return status;
}
