#include "newsletter/store/transactional.h"

#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

struct addition {
    const struct nl_transactional *message;
    int64_t *id;
    bool *repeated;
};

/* ---- adding ---- */

/* The message that the same request made within the last day. An older key may be used again. */
static enum nl_status find_repeated(struct nl_store *store, const struct addition *addition,
                                    struct nl_error *err) {
    const struct nl_transactional *message = addition->message;
    char *request = NULL;
    int64_t made_at = 0;
    enum nl_status status =
        nl_sql_first(store, err, addition->repeated,
                     "SELECT m.delivery, m.request, d.created_at FROM transactional m JOIN "
                     "delivery d ON d.id = m.delivery AND d.issue IS NULL WHERE m.repeat_key = ?",
                     NL_VALUES(NL_STRING(message->key)),
                     NL_COLUMNS(NL_INTO(addition->id), NL_INTO(&request), NL_INTO(&made_at)));
    if (status == NL_OK && *addition->repeated && made_at < nl_store_now(store) - DAY) {
        *addition->repeated = false;
        status = nl_sql_run(store, err,
                            "UPDATE transactional SET repeat_key = NULL WHERE repeat_key = ?",
                            NL_VALUES(NL_STRING(message->key)));
    } else if (status == NL_OK && *addition->repeated &&
               (request == NULL || strcmp(request, message->request) != 0)) {
        status = nl_error_set(err, NL_DATA, "this key was used for another message before");
    }
    free(request);
    return status;
}

static enum nl_status check_address(struct nl_store *store, const struct nl_address *address,
                                    struct nl_error *err) {
    char *reason = NULL;
    bool bounced = false;
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT reason FROM suppression WHERE address_key = ?",
                     NL_VALUES(NL_STRING(address->key)), NL_COLUMNS(NL_INTO(&reason)));
    if (status == NL_OK && reason != NULL)
        status = nl_error_set(err, NL_EXISTS,
                              "%s is suppressed (%s), so nothing was queued: 'newsletter suppress "
                              "remove' lifts it",
                              address->text, reason);
    free(reason);
    if (status == NL_OK)
        status = nl_sql_exists(
            store, err, &bounced,
            "SELECT 1 FROM subscriber r WHERE r.address_key = ? AND EXISTS (SELECT 1 FROM "
            "subscription s WHERE s.subscriber = r.id AND s.state IN ('bounced', 'complained')) "
            "AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = r.id AND s.state IN "
            "('active', 'pending'))",
            NL_VALUES(NL_STRING(address->key)));
    return status == NL_OK && bounced
               ? nl_error_set(err, NL_EXISTS,
                              "mail to %s came back before, so nothing was queued: a new sign-up "
                              "makes the address valid again",
                              address->text)
               : status;
}

static enum nl_status insert(struct nl_store *store, const struct nl_transactional *message,
                             int64_t *id, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    enum nl_status status =
        nl_sql_insert(store, err, id,
                      "INSERT INTO delivery (kind, state, created_at, "
                      "updated_at) VALUES ('" NL_KIND_MESSAGE "', 'queued', ?1, ?1)",
                      NL_VALUES(NL_INT(now)));
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "INSERT INTO transactional (delivery, list, address, address_key, template, language, "
            "subject, size, content, asked_by, repeat_key, request) VALUES (?, ?, ?, ?, ?, ?, ?, "
            "?, ?, ?, ?, ?)",
            NL_VALUES(NL_INT(*id), NL_INT(message->list), NL_STRING(message->address->text),
                      NL_STRING(message->address->key), NL_STRING(message->template),
                      NL_STRING(message->language), NL_STRING(message->subject),
                      NL_INT((int64_t)message->len), NL_BYTES(message->content, message->len),
                      NL_STRING(message->asked_by), NL_STRING(message->key),
                      NL_STRING(message->request)));
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "INSERT INTO event (at, kind, list, subscriber, message, detail) SELECT ?1, "
            "'message-queued', m.list, (SELECT r.id FROM subscriber r WHERE r.address_key = "
            "m.address_key), m.delivery, m.template FROM transactional m WHERE m.delivery = ?2",
            NL_VALUES(NL_INT(now), NL_INT(*id)));
    return status;
}

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct addition *addition = ctx;
    enum nl_status status = NL_OK;
    if (addition->message->key != NULL)
        status = find_repeated(store, addition, err);
    if (status != NL_OK || *addition->repeated)
        return status;
    status = check_address(store, addition->message->address, err);
    return status == NL_OK ? insert(store, addition->message, addition->id, err) : status;
}

enum nl_status nl_transactional_add(struct nl_store *store, const struct nl_transactional *message,
                                    int64_t *id, bool *repeated, struct nl_error *err) {
    struct addition addition = {message, id, repeated};
    *id = 0;
    *repeated = false;
    return nl_sql_exclusive(store, add, &addition, err);
}

/* ---- reading ---- */

struct visit {
    nl_transactional_visit *each;
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_transactional_row item = {0};
    char state[16];
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&item.id), NL_INTO(&item.list), NL_INTO(&item.address),
                   NL_INTO(&item.template), NL_INTO(&item.language), NL_INTO(&item.subject),
                   NL_INTO(&item.asked_by), NL_INTO(&item.size), NL_INTO_FIXED(state, sizeof state),
                   NL_INTO(&item.attempts), NL_INTO(&item.created_at), NL_INTO(&item.updated_at),
                   NL_INTO(&item.next_attempt_at), NL_INTO(&item.code), NL_INTO(&item.status),
                   NL_INTO(&item.reply)),
        err);
    if (status == NL_OK && !nl_delivery_state_parse(state, &item.state))
        return nl_error_set(err, NL_IO, "the state of a message is damaged");
    return status == NL_OK ? visit->each(&item, visit->ctx, err) : status;
}

#define ROWS                                                                                       \
    "SELECT d.id, l.name, m.address, m.template, m.language, m.subject, m.asked_by, m.size, "      \
    "d.state, d.attempts, d.created_at, d.updated_at, CASE d.state WHEN 'deferred' THEN "          \
    "d.next_attempt_at END, d.reply_code, d.reply_status, d.reply_text FROM transactional m "      \
    "JOIN delivery d ON d.id = m.delivery AND d.issue IS NULL JOIN list l ON l.id = m.list "

enum nl_status nl_transactional_each(struct nl_store *store,
                                     const struct nl_transactional_query *query,
                                     nl_transactional_visit *each, void *ctx,
                                     struct nl_error *err) {
    struct visit visit = {each, ctx};
    const struct nl_value *values =
        NL_VALUES(NL_INT(query->id), NL_INT(query->before), NL_STRING(query->list),
                  NL_STRING(query->address_key), NL_INT(nl_sql_limit(query->limit)));
    if (query->id != 0)
        return nl_sql_each(store, err, visit_row, &visit, ROWS "WHERE m.delivery = ?1",
                           NL_VALUES(NL_INT(query->id)));
    if (query->address_key != NULL)
        return nl_sql_each(store, err, visit_row, &visit,
                           ROWS
                           "WHERE m.address_key = ?4 AND ?1 = 0 AND (?2 = 0 OR m.delivery < ?2) "
                           "AND (?3 IS NULL OR l.name = ?3) ORDER BY m.delivery DESC LIMIT ?5",
                           values);
    return nl_sql_each(store, err, visit_row, &visit,
                       ROWS "WHERE ?4 IS NULL AND ?1 = 0 AND (?2 = 0 OR m.delivery < ?2) AND "
                            "(?3 IS NULL OR l.name = ?3) ORDER BY m.delivery DESC LIMIT ?5",
                       values);
}

static enum nl_status not_found(struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND, "there is no such message");
}

enum nl_status nl_transactional_list(struct nl_store *store, int64_t id, int64_t *list,
                                     struct nl_error *err) {
    bool found = false;
    enum nl_status status =
        nl_sql_number(store, err, list, &found, "SELECT list FROM transactional WHERE delivery = ?",
                      NL_VALUES(NL_INT(id)));
    return status == NL_OK && !found ? not_found(err) : status;
}

enum nl_status nl_transactional_content(struct nl_store *store, int64_t id, struct nl_buf *out,
                                        struct nl_error *err) {
    size_t before = out->len;
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_bytes, out,
                    "SELECT content FROM transactional WHERE delivery = ?", NL_VALUES(NL_INT(id)));
    return status == NL_OK && out->len == before ? not_found(err) : status;
}
