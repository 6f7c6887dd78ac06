#include "store/attempt.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"
#include "store/outcome_words.h"

/* A message that was requeued was not tried, unless it was refused to one of our addresses. */
static bool is_attempt(const struct nl_result *result) {
    return result->hop != NULL && (result->outcome != NL_REQUEUED || result->hop->goes_on);
}

static enum nl_status record_attempt(struct nl_store *store, int64_t issue,
                                     const struct nl_record *record, const char *owner,
                                     struct nl_error *err) {
    const struct nl_result *result = record->result;
    const struct nl_hop *hop = result->hop;
    return nl_sql_run(
        store, err,
        "INSERT INTO attempt (delivery, at, state, server, address, tls, cipher, policy, "
        "reply_code, reply_status, reply_text) SELECT d.id, ?1, ?2, nullif(?3, ''), nullif(?4, "
        "''), nullif(?5, ''), nullif(?6, ''), nullif(?7, ''), nullif(?8, 0), nullif(?9, ''), ?10 "
        "FROM delivery" NL_OF_ISSUE " d WHERE d.id = ?11 AND d.lease_owner = ?12",
        NL_VALUES(NL_OF(issue), NL_INT(nl_store_now(store)),
                  NL_STRING(nl_outcome_state(result->outcome)), NL_STRING(hop->server),
                  NL_STRING(hop->address), NL_STRING(hop->tls), NL_STRING(hop->cipher),
                  NL_STRING(hop->policy), NL_INT(result->code), NL_STRING(result->status),
                  NL_STRING(result->text), NL_INT(record->delivery), NL_STRING(owner)));
}

/* ---- on a server: one statement for all of them ---- */

enum column { DELIVERY, STATE, SERVER, ADDRESS, TLS, CIPHER, POLICY, CODE, STATUS, TEXT, COLUMNS };

static void fill_columns(struct nl_buf columns[COLUMNS], const struct nl_record *records,
                         size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct nl_result *result = records[i].result;
        if (!is_attempt(result))
            continue;
        nl_array_add_int(&columns[DELIVERY], records[i].delivery);
        nl_array_add_text(&columns[STATE], nl_outcome_state(result->outcome));
        nl_array_add_text(&columns[SERVER], nl_text_or_null(result->hop->server));
        nl_array_add_text(&columns[ADDRESS], nl_text_or_null(result->hop->address));
        nl_array_add_text(&columns[TLS], nl_text_or_null(result->hop->tls));
        nl_array_add_text(&columns[CIPHER], nl_text_or_null(result->hop->cipher));
        nl_array_add_text(&columns[POLICY], nl_text_or_null(result->hop->policy));
        nl_array_add_int(&columns[CODE], result->code);
        nl_array_add_text(&columns[STATUS], nl_text_or_null(result->status));
        nl_array_add_text(&columns[TEXT], result->text);
    }
}

static enum nl_status insert_columns(struct nl_store *store, int64_t issue,
                                     struct nl_buf columns[COLUMNS], const char *owner,
                                     struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "INSERT INTO attempt (delivery, at, state, server, address, tls, cipher, policy, "
        "reply_code, reply_status, reply_text) SELECT v.id, ?1, v.state, v.server, v.address, "
        "v.tls, v.cipher, v.policy, nullif(v.code, 0), v.status, v.reply FROM (SELECT "
        "unnest(CAST(?2 AS BIGINT[])) AS id, unnest(CAST(?3 AS TEXT[])) AS state, "
        "unnest(CAST(?4 AS TEXT[])) AS server, unnest(CAST(?5 AS TEXT[])) AS address, "
        "unnest(CAST(?6 AS TEXT[])) AS tls, unnest(CAST(?7 AS TEXT[])) AS cipher, "
        "unnest(CAST(?8 AS TEXT[])) AS policy, unnest(CAST(?9 AS BIGINT[])) AS code, "
        "unnest(CAST(?10 AS TEXT[])) AS status, unnest(CAST(?11 AS TEXT[])) AS reply) AS v "
        "JOIN delivery" NL_OF_ISSUE " d ON d.id = v.id WHERE d.lease_owner = ?12",
        NL_VALUES(NL_OF(issue), NL_INT(nl_store_now(store)), nl_array_value(&columns[DELIVERY]),
                  nl_array_value(&columns[STATE]), nl_array_value(&columns[SERVER]),
                  nl_array_value(&columns[ADDRESS]), nl_array_value(&columns[TLS]),
                  nl_array_value(&columns[CIPHER]), nl_array_value(&columns[POLICY]),
                  nl_array_value(&columns[CODE]), nl_array_value(&columns[STATUS]),
                  nl_array_value(&columns[TEXT]), NL_STRING(owner)));
}

static enum nl_status record_together(struct nl_store *store, int64_t issue,
                                      const struct nl_record *records, size_t count,
                                      const char *owner, struct nl_error *err) {
    struct nl_buf columns[COLUMNS] = {{0}};
    enum nl_status status = NL_OK;
    fill_columns(columns, records, count);
    if (columns[DELIVERY].len > 0)
        status = insert_columns(store, issue, columns, owner, err);
    for (size_t i = 0; i < COLUMNS; i++)
        nl_buf_free(&columns[i]);
    return status;
}

enum nl_status nl_attempt_record(struct nl_store *store, int64_t issue,
                                 const struct nl_record *records, size_t count, const char *owner,
                                 struct nl_error *err) {
    if (nl_sql_has_arrays(store))
        return record_together(store, issue, records, count, owner, err);
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        if (is_attempt(records[i].result))
            status = record_attempt(store, issue, &records[i], owner, err);
    return status;
}
