#include "newsletter/store/unclean.h"

#include "newsletter/base/address.h"
#include "newsletter/base/clean.h"
#include "newsletter/store/person.h"
#include "store/event.h"
#include "store/ledger.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void nl_unclean_free(struct nl_unclean *unclean) {
    nl_buf_free(&unclean->shown);
}

/* ---- finding ---- */

static bool is_dirty(const char *text, bool address) {
    struct nl_buf cleaned = {0};
    struct nl_error ignored = {0};
    if (text == NULL || text[0] == '\0')
        return false;
    enum nl_status status = address ? nl_clean_address(text, &cleaned, &ignored)
                                    : nl_clean_line(text, "", &cleaned, &ignored);
    bool dirty = status != NL_OK || strcmp(nl_buf_text(&cleaned), text) != 0;
    nl_error_free(&ignored);
    nl_buf_free(&cleaned);
    return dirty;
}

/* The texts of attributes without invisible characters; true if any had some. */
static bool clean_values(json_t *object) {
    const char *key = NULL;
    json_t *value = NULL;
    bool any = false;
    json_object_foreach(object, key, value) {
        size_t count = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; i < count; i++) {
            json_t *text = json_is_array(value) ? json_array_get(value, i) : value;
            struct nl_buf cleaned = {0};
            if (json_is_string(text) && is_dirty(json_string_value(text), false)) {
                any = true;
                nl_clean_remove(json_string_value(text), false, &cleaned);
                json_string_set(text, nl_buf_text(&cleaned));
            }
            nl_buf_free(&cleaned);
        }
    }
    return any;
}

static bool are_dirty(const char *attributes) {
    json_t *object = attributes != NULL && strcmp(attributes, "{}") != 0
                         ? json_loads(attributes, 0, NULL)
                         : NULL;
    bool dirty = clean_values(object);
    json_decref(object);
    return dirty;
}

struct finding {
    struct nl_unclean *out;
    struct nl_buf ids;  /* of subscribers */
    struct nl_buf keys; /* of suppressions, each with a NUL behind it */
};

static void show(struct nl_unclean *out, const char *address) {
    if (out->shown.len == 0)
        nl_clean_show(address, &out->shown);
}

static enum nl_status visit_subscriber(const struct nl_sql_row *row, void *context,
                                       struct nl_error *err) {
    (void)err;
    struct finding *finding = context;
    int64_t id = nl_sql_int(row, 0);
    bool address = is_dirty(nl_sql_text(row, 1), true);
    bool text = is_dirty(nl_sql_text(row, 2), false) || are_dirty(nl_sql_text(row, 3));
    if (address)
        show(finding->out, nl_sql_text(row, 1));
    finding->out->addresses += address;
    finding->out->texts += text;
    if (address || text)
        nl_buf_add(&finding->ids, &id, sizeof id);
    return NL_OK;
}

static enum nl_status visit_suppression(const struct nl_sql_row *row, void *context,
                                        struct nl_error *err) {
    (void)err;
    struct finding *finding = context;
    const char *key = nl_sql_text(row, 0);
    if (!is_dirty(key, true))
        return NL_OK;
    show(finding->out, key);
    finding->out->suppressions++;
    nl_buf_add(&finding->keys, key, strlen(key) + 1);
    return NL_OK;
}

/* ---- repairing ---- */

/* Reads an address without its invisible characters. */
static bool read_address(const char *text, struct nl_address *out) {
    struct nl_buf cleaned = {0};
    struct nl_error ignored = {0};
    nl_clean_remove(text, true, &cleaned);
    bool read = nl_address_parse(nl_buf_text(&cleaned), out, &ignored) == NL_OK;
    nl_error_free(&ignored);
    nl_buf_free(&cleaned);
    return read;
}

/* The latest word of somebody who was there twice is what counts: when they confirmed or asked, not
 * when an import brought the other address in. */
static enum nl_status merge(struct nl_store *store, int64_t from, int64_t into,
                            struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE subscription AS s SET state = o.state, ended_at = o.ended_at "
                   "FROM subscription o WHERE o.subscriber = ?1 AND o.list = s.list AND o.state "
                   "IN ('unsubscribed', 'complained') AND s.subscriber = ?2 AND ("
                   "s.state = 'active' AND NOT EXISTS (SELECT 1 FROM event e WHERE e.subscriber = "
                   "?2 AND e.list = s.list AND e.kind = 'confirmed' AND e.at > o.ended_at) OR "
                   "s.state = 'pending' AND o.ended_at >= s.created_at)",
                   NL_VALUES(NL_INT(from), NL_INT(into)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE subscription SET subscriber = ?2 WHERE subscriber = ?1 AND "
                            "list NOT IN (SELECT list FROM subscription WHERE subscriber = ?2)",
                            NL_VALUES(NL_INT(from), NL_INT(into)));
    if (status == NL_OK)
        status = nl_ledger_states(store, into, err);
    return status == NL_OK ? nl_event_add(store, "merged", 0, into, 0, "invisible characters", err)
                           : status;
}

struct repair {
    struct nl_unclean *out;
    int64_t id;
    bool merged;
};

static enum nl_status repair_address(struct nl_store *store, struct repair *call,
                                     const char *address, struct nl_error *err) {
    struct nl_address clean = {0};
    int64_t other = 0;
    if (!is_dirty(address, true))
        return NL_OK;
    if (!read_address(address, &clean)) {
        call->out->left++;
        return NL_OK;
    }
    enum nl_status status = nl_sql_number(
        store, err, &other, NULL, "SELECT id FROM subscriber WHERE address_key = ? AND id <> ?",
        NL_VALUES(NL_STRING(clean.key), NL_INT(call->id)));
    if (status == NL_OK && other != 0) {
        call->merged = true;
        status = merge(store, call->id, other, err);
    } else if (status == NL_OK) {
        status = nl_sql_run(
            store, err, "UPDATE subscriber SET address = ?, address_key = ? WHERE id = ?",
            NL_VALUES(NL_STRING(clean.text), NL_STRING(clean.key), NL_INT(call->id)));
    }
    nl_address_free(&clean);
    return status;
}

static enum nl_status repair_one(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct repair *call = ctx;
    struct nl_person person = {0};
    struct nl_buf name = {0};
    enum nl_status status = nl_person_read(store, call->id, &person, err);
    if (status == NL_OK)
        status = repair_address(store, call, person.address, err);
    if (status == NL_OK && !call->merged) {
        json_t *attributes = json_loads(person.attributes, 0, NULL);
        char *text = clean_values(attributes) ? json_dumps(attributes, JSON_COMPACT) : NULL;
        if (person.name != NULL)
            nl_clean_remove(person.name, false, &name);
        status = nl_sql_run(
            store, err,
            "UPDATE subscriber SET name = nullif(?, ''), attributes = coalesce(?, attributes) "
            "WHERE id = ?",
            NL_VALUES(NL_STRING(nl_buf_text(&name)), NL_STRING(text), NL_INT(call->id)));
        free(text);
        json_decref(attributes);
    }
    nl_buf_free(&name);
    nl_person_free(&person);
    return status;
}

static enum nl_status repair_subscriber(struct nl_store *store, struct nl_unclean *out, int64_t id,
                                        struct nl_error *err) {
    struct repair call = {.out = out, .id = id};
    enum nl_status status = nl_sql_exclusive(store, repair_one, &call, err);
    if (status != NL_OK || !call.merged)
        return status;
    out->merged++;
    return nl_person_erase(store, id, err); /* what is left of the second one */
}

static enum nl_status repair_suppression(struct nl_store *store, struct nl_unclean *out,
                                         const char *key, struct nl_error *err) {
    struct nl_address clean = {0};
    if (!read_address(key, &clean)) {
        out->left++;
        return NL_OK;
    }
    enum nl_status status = nl_sql_run(
        store, err,
        "INSERT INTO suppression (address_key, reason, since) SELECT ?1, reason, since FROM "
        "suppression WHERE address_key = ?2 ON CONFLICT DO NOTHING",
        NL_VALUES(NL_STRING(clean.key), NL_STRING(key)));
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM suppression WHERE address_key = ?",
                            NL_VALUES(NL_STRING(key)));
    nl_address_free(&clean);
    return status;
}

enum nl_status nl_unclean_examine(struct nl_store *store, bool repair, struct nl_unclean *out,
                                  struct nl_error *err) {
    struct finding finding = {.out = out};
    enum nl_status status = nl_sql_each(store, err, visit_subscriber, &finding,
                                        "SELECT id, address, name, attributes FROM subscriber "
                                        "WHERE address_key LIKE '%@%'",
                                        NL_NO_VALUES);
    if (status == NL_OK)
        status = nl_sql_each(store, err, visit_suppression, &finding,
                             "SELECT address_key FROM suppression", NL_NO_VALUES);
    for (size_t at = 0; status == NL_OK && repair && at < finding.keys.len;
         at += strlen(finding.keys.data + at) + 1)
        status = repair_suppression(store, out, finding.keys.data + at, err);
    for (size_t i = 0; status == NL_OK && repair && i < nl_ids_count(&finding.ids); i++)
        status = repair_subscriber(store, out, nl_ids_at(&finding.ids, i), err);
    nl_buf_free(&finding.ids);
    nl_buf_free(&finding.keys);
    return status;
}
