/* Outcomes of deliveries. */
#include "newsletter/base/memory.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/provider_day.h"
#include "store/attempt.h"
#include "store/delivery_sent.h"
#include "store/ledger.h"
#include "store/outcome_words.h"

#include <stdlib.h>

/* The event is written first, while the row still names the subscription. */
static enum nl_status record_outcome(struct nl_store *store, int64_t issue,
                                     const struct nl_record *record, const char *owner,
                                     struct nl_error *err) {
    const struct nl_result *result = record->result;
    const char *state = nl_outcome_state(result->outcome);
    int64_t now = nl_store_now(store);
    bool counts = result->outcome != NL_REQUEUED;
    enum nl_status status = NL_OK;
    if (counts && result->outcome != NL_SENT)
        status = nl_sql_run(
            store, err,
            "INSERT INTO event (at, kind, list, subscriber, issue, detail) "
            "SELECT ?, ?, s.list, s.subscriber, d.issue, ? FROM delivery" NL_OF_ISSUE " d "
            "JOIN subscription s ON s.id = d.subscription WHERE d.id = ? AND "
            "d.state = 'leased' AND d.lease_owner = ?",
            NL_VALUES(NL_OF(issue), NL_INT(now), NL_STRING(state), NL_STRING(result->text),
                      NL_INT(record->delivery), NL_STRING(owner)));
    if (status != NL_OK)
        return status;
    status = nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE " SET state = ?1, "
        "attempts = attempts + CASE state WHEN 'unknown' THEN 0 ELSE ?2 END, updated_at = ?3, "
        "next_attempt_at = nullif(?4, 0), reply_code = nullif(?5, 0), "
        "reply_status = nullif(?6, ''), reply_text = ?7, lease_owner = NULL, lease_until = NULL, "
        "dot_at = CASE ?1 WHEN 'unknown' THEN dot_at END, "
        "first_attempt_at = CASE WHEN ?2 = 0 AND attempts = 0 THEN NULL ELSE first_attempt_at END, "
        "paced_at = CASE ?2 WHEN 0 THEN paced_at END "
        "WHERE id = ?8 AND lease_owner = ?9 AND "
        "(state = 'leased' OR (state = 'unknown' AND ?1 = 'sent'))",
        NL_VALUES(NL_OF(issue), NL_STRING(state), NL_INT(counts), NL_INT(now),
                  NL_INT(result->next_attempt_at), NL_INT(result->code), NL_STRING(result->status),
                  NL_STRING(result->text), NL_INT(record->delivery), NL_STRING(owner)));
    return status == NL_OK && nl_sql_changes(store) > 0
               ? nl_ledger_outcome(store, owner, record, err)
               : status;
}

static enum nl_status record_in_file(struct nl_store *store, int64_t issue,
                                     const struct nl_record *records, size_t count,
                                     const char *owner, struct nl_error *err) {
    bool *done = nl_calloc(count, sizeof *done);
    enum nl_status status = NL_OK;
    if (issue != 0)
        status = nl_delivery_record_sent(store, issue, records, count, owner, done, err);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = done[i] ? nl_ledger_outcome(store, owner, &records[i], err)
                         : record_outcome(store, issue, &records[i], owner, err);
    free(done);
    return status;
}

/* ---- on a server: two statements for all of them ---- */

/* '' || d.state: rows are not to be looked up by their state. The index of those that are leased is
 * full of rows that no longer are. */

enum column { DELIVERY, STATE, COUNTS, NEXT_ATTEMPT, CODE, STATUS, TEXT, COLUMNS };

static bool is_event(const struct nl_result *result) {
    return result->outcome != NL_SENT && result->outcome != NL_REQUEUED;
}

static void fill_columns(struct nl_buf columns[COLUMNS], const struct nl_record *records,
                         size_t count, bool events) {
    for (size_t i = 0; i < count; i++) {
        const struct nl_result *result = records[i].result;
        if (events && !is_event(result))
            continue;
        nl_array_add_int(&columns[DELIVERY], records[i].delivery);
        nl_array_add_text(&columns[STATE], nl_outcome_state(result->outcome));
        nl_array_add_text(&columns[TEXT], result->text);
        if (events)
            continue;
        nl_array_add_int(&columns[COUNTS], result->outcome != NL_REQUEUED);
        nl_array_add_int(&columns[NEXT_ATTEMPT], result->next_attempt_at);
        nl_array_add_int(&columns[CODE], result->code);
        nl_array_add_text(&columns[STATUS], nl_text_or_null(result->status));
    }
}

static enum nl_status record_events(struct nl_store *store, int64_t issue,
                                    struct nl_buf columns[COLUMNS], const char *owner,
                                    struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO event (at, kind, list, subscriber, issue, detail) "
                      "SELECT ?1, v.state, s.list, s.subscriber, d.issue, v.detail FROM (SELECT "
                      "unnest(CAST(?2 AS BIGINT[])) AS id, unnest(CAST(?3 AS TEXT[])) AS state, "
                      "unnest(CAST(?4 AS TEXT[])) AS detail) AS v JOIN delivery" NL_OF_ISSUE
                      " d ON d.id = v.id "
                      "JOIN subscription s ON s.id = d.subscription "
                      "WHERE '' || d.state = 'leased' AND d.lease_owner = ?5",
                      NL_VALUES(NL_OF(issue), NL_INT(nl_store_now(store)),
                                nl_array_value(&columns[DELIVERY]), nl_array_value(&columns[STATE]),
                                nl_array_value(&columns[TEXT]), NL_STRING(owner)));
}

static enum nl_status record_outcomes(struct nl_store *store, int64_t issue,
                                      struct nl_buf columns[COLUMNS], const char *owner,
                                      struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE " AS d SET state = v.state, "
        "attempts = d.attempts + CASE d.state WHEN 'unknown' THEN 0 ELSE v.counts END, "
        "updated_at = ?1, next_attempt_at = nullif(v.next, 0), reply_code = nullif(v.code, 0), "
        "reply_status = v.status, reply_text = v.reply, lease_owner = NULL, lease_until = NULL, "
        "dot_at = CASE v.state WHEN 'unknown' THEN d.dot_at END, first_attempt_at = "
        "CASE WHEN v.counts = 0 AND d.attempts = 0 THEN NULL ELSE d.first_attempt_at END, "
        "paced_at = CASE v.counts WHEN 0 THEN d.paced_at END FROM (SELECT "
        "unnest(CAST(?2 AS BIGINT[])) AS id, unnest(CAST(?3 AS TEXT[])) AS state, "
        "unnest(CAST(?4 AS BIGINT[])) AS counts, unnest(CAST(?5 AS BIGINT[])) AS next, "
        "unnest(CAST(?6 AS BIGINT[])) AS code, unnest(CAST(?7 AS TEXT[])) AS status, "
        "unnest(CAST(?8 AS TEXT[])) AS reply) AS v WHERE d.id = v.id AND d.lease_owner = ?9 AND "
        "('' || d.state = 'leased' OR ('' || d.state = 'unknown' AND v.state = 'sent'))",
        NL_VALUES(NL_OF(issue), NL_INT(nl_store_now(store)), nl_array_value(&columns[DELIVERY]),
                  nl_array_value(&columns[STATE]), nl_array_value(&columns[COUNTS]),
                  nl_array_value(&columns[NEXT_ATTEMPT]), nl_array_value(&columns[CODE]),
                  nl_array_value(&columns[STATUS]), nl_array_value(&columns[TEXT]),
                  NL_STRING(owner)));
}

typedef enum nl_status record_columns(struct nl_store *store, int64_t issue,
                                      struct nl_buf columns[COLUMNS], const char *owner,
                                      struct nl_error *err);

static enum nl_status with_columns(struct nl_store *store, int64_t issue,
                                   const struct nl_record *records, size_t count, bool events,
                                   const char *owner, record_columns *each, struct nl_error *err) {
    struct nl_buf columns[COLUMNS] = {{0}};
    enum nl_status status = NL_OK;
    fill_columns(columns, records, count, events);
    if (columns[DELIVERY].len > 0)
        status = each(store, issue, columns, owner, err);
    for (size_t i = 0; i < COLUMNS; i++)
        nl_buf_free(&columns[i]);
    return status;
}

/* The events are written first, while the rows still name their owner. */
static enum nl_status record_together(struct nl_store *store, int64_t issue,
                                      const struct nl_record *records, size_t count,
                                      const char *owner, struct nl_error *err) {
    enum nl_status status =
        with_columns(store, issue, records, count, true, owner, record_events, err);
    if (status == NL_OK)
        status = with_columns(store, issue, records, count, false, owner, record_outcomes, err);
    /* Which rows have changed is known after the commit. An outcome of a run that had lost its
     * lease is in the ledger, too; the audit knows it by its stream. */
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = nl_ledger_outcome(store, owner, &records[i], err);
    return status;
}

enum nl_status nl_delivery_record(struct nl_store *store, int64_t issue,
                                  const struct nl_record *records, size_t count, const char *owner,
                                  struct nl_error *err) {
    if (count == 0)
        return NL_OK;
    enum nl_status status = nl_attempt_record(store, issue, records, count, owner, err);
    if (status == NL_OK)
        status = nl_provider_count(store, records, count, err);
    if (status != NL_OK)
        return status;
    return nl_sql_has_arrays(store) ? record_together(store, issue, records, count, owner, err)
                                    : record_in_file(store, issue, records, count, owner, err);
}
