#include "newsletter/store/person.h"

#include "newsletter/base/timestamp.h"
#include "store/person_row.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The name of a column, and its type: 's' text, 'i' number, 't' time, 'j' JSON. "consent.at"
 * stands in an object of its own. */
struct column {
    const char *name;
    char type;
};

/* The rows about a subscriber that stand under one name. */
struct chapter {
    const char *name;
    const char *sql;
    struct column columns[16]; /* a name of NULL ends them */
};

static const struct chapter person = {
    NULL,
    "SELECT r.address, r.name, r.language, r.attributes, r.created_at, c.address "
    "FROM subscriber r LEFT JOIN address_change c ON c.subscriber = r.id WHERE r.id = ?1",
    {{"address", 's'},
     {"name", 's'},
     {"language", 's'},
     {"attributes", 'j'},
     {"created_at", 't'},
     {"new_address", 's'}}};

static const struct chapter chapters[] = {
    {"subscriptions",
     "SELECT l.name, l.title, s.state, s.consent_at, s.consent_source, s.consent_ip, "
     "s.consent_version, s.confirmed_at, s.ended_at FROM subscription s "
     "JOIN list l ON l.id = s.list WHERE s.subscriber = ?1 ORDER BY s.id",
     {{"list", 's'},
      {"title", 's'},
      {"state", 's'},
      {"consent.at", 't'},
      {"consent.source", 's'},
      {"consent.ip", 's'},
      {"consent.form_version", 's'},
      {"confirmed_at", 't'},
      {"ended_at", 't'}}},
    {"deliveries",
     "SELECT d.id, d.kind, i.slug, i.number, i.title, d.state, d.attempts, d.created_at, "
     "d.updated_at, d.reply_code, d.reply_status, d.reply_text FROM delivery" NL_OF_PERSON
     " d LEFT JOIN issue i ON i.id = d.issue WHERE " NL_IS_THEIRS("d.id") " ORDER BY d.id",
     {{"id", 'i'},
      {"kind", 's'},
      {"slug", 's'},
      {"number", 's'},
      {"issue", 's'},
      {"state", 's'},
      {"attempts", 'i'},
      {"created_at", 't'},
      {"updated_at", 't'},
      {"reply_code", 'i'},
      {"reply_status", 's'},
      {"reply", 's'}}},
    {"attempts",
     "SELECT a.delivery, a.at, d.kind, i.slug, i.number, i.title, a.state, a.server, a.address, "
     "a.tls, "
     "a.cipher, a.policy, a.reply_code, a.reply_status, a.reply_text FROM attempt a JOIN "
     "delivery" NL_OF_PERSON " d ON d.id = a.delivery LEFT JOIN issue i ON i.id = d.issue "
     "WHERE EXISTS (SELECT 1 FROM attempt) AND (" NL_IS_THEIRS("d.id") ") ORDER BY a.id",
     {{"delivery", 'i'},
      {"at", 't'},
      {"kind", 's'},
      {"slug", 's'},
      {"number", 's'},
      {"issue", 's'},
      {"state", 's'},
      {"server", 's'},
      {"address", 's'},
      {"tls", 's'},
      {"cipher", 's'},
      {"policy", 's'},
      {"reply_code", 'i'},
      {"reply_status", 's'},
      {"reply", 's'}}},
    {"messages",
     "SELECT l.name, m.template, m.subject, d.state, d.attempts, d.created_at, d.updated_at, "
     "d.reply_code, d.reply_text FROM subscriber r JOIN transactional m ON m.address_key = "
     "r.address_key JOIN delivery d ON d.id = m.delivery AND d.issue IS NULL JOIN list l ON l.id = "
     "m.list WHERE r.id = "
     "?1 ORDER BY d.id",
     {{"list", 's'},
      {"template", 's'},
      {"subject", 's'},
      {"state", 's'},
      {"attempts", 'i'},
      {"created_at", 't'},
      {"updated_at", 't'},
      {"reply_code", 'i'},
      {"reply", 's'}}},
    {"returned_mail",
     "SELECT b.at, b.kind, b.reason, b.status, b.diagnostic FROM bounce b "
     "JOIN subscription s ON s.id = b.subscription WHERE s.subscriber = ?1 ORDER BY b.id",
     {{"at", 't'}, {"kind", 's'}, {"reason", 's'}, {"status", 's'}, {"diagnostic", 's'}}},
    {"history",
     "SELECT e.at, e.kind, l.name, e.detail FROM event e LEFT JOIN list l ON l.id = e.list "
     "WHERE e.subscriber = ?1 ORDER BY e.id",
     {{"at", 't'}, {"what", 's'}, {"list", 's'}, {"detail", 's'}}},
    {"suppressed",
     "SELECT x.reason, x.since FROM suppression x JOIN subscriber r ON "
     "r.address_key = x.address_key WHERE r.id = ?1",
     {{"reason", 's'}, {"since", 't'}}},
};

static json_t *value_of(const struct nl_sql_row *row, int at, char type) {
    char time[NL_TIMESTAMP_LEN];
    const char *text = type == 's' || type == 'j' ? nl_sql_text(row, at) : NULL;
    if (nl_sql_is_null(row, at))
        return json_null();
    if (type == 'i')
        return json_integer(nl_sql_int(row, at));
    if (type == 'j')
        return json_loads(text, 0, NULL);
    if (type == 's')
        return json_string(text);
    nl_timestamp_text(nl_sql_int(row, at), time);
    return json_string(time);
}

/* The object that a column belongs to; *name is what it is called there. */
static json_t *owner_of(json_t *row, const char **name) {
    const char *dot = strchr(*name, '.');
    char group[16] = "";
    if (dot == NULL)
        return row;
    memcpy(group, *name, (size_t)(dot - *name));
    *name = dot + 1;
    if (json_object_get(row, group) == NULL)
        json_object_set_new(row, group, json_object());
    return json_object_get(row, group);
}

static json_t *object_of(const struct nl_sql_row *row, const struct column *columns) {
    json_t *object = json_object();
    bool failed = false; /* a text that is not UTF-8 */
    for (int i = 0; !failed && columns[i].name != NULL; i++) {
        const char *name = columns[i].name;
        json_t *owner = owner_of(object, &name);
        failed = json_object_set_new(owner, name, value_of(row, i, columns[i].type)) != 0;
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

struct reading {
    const struct chapter *chapter;
    json_t *rows;
};

static enum nl_status read_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct reading *reading = context;
    return json_array_append_new(reading->rows, object_of(row, reading->chapter->columns)) == 0
               ? NL_OK
               : nl_error_nomem(err);
}

static enum nl_status read_rows(struct nl_store *store, int64_t subscriber,
                                const struct chapter *chapter, json_t *rows, struct nl_error *err) {
    struct reading reading = {chapter, rows};
    return nl_sql_each(store, err, read_row, &reading, chapter->sql, NL_VALUES(NL_INT(subscriber)));
}

/* The newest rows, in their order; *more if there are others. */
static enum nl_status read_newest(struct nl_store *store, int64_t subscriber,
                                  const struct chapter *chapter, int64_t limit, json_t *rows,
                                  bool *more, struct nl_error *err) {
    struct nl_query query = {0};
    json_t *newest = json_array();
    struct reading reading = {chapter, newest};
    nl_buf_addf(&query.sql, "%s DESC LIMIT ?2", chapter->sql);
    nl_query_add(&query, NL_VALUES(NL_INT(subscriber), NL_INT(limit + 1)));
    enum nl_status status = nl_query_each(store, err, read_row, &reading, &query);
    size_t count = json_array_size(newest);
    *more = (int64_t)count > limit;
    for (size_t i = count - *more; status == NL_OK && i > 0; i--)
        json_array_append(rows, json_array_get(newest, i - 1));
    json_decref(newest);
    nl_query_free(&query);
    return status;
}

/* There is one suppression or none; of the rest there are lists. */
static void add_chapter(json_t *whole, const char *name, json_t *rows) {
    bool list = strcmp(name, "suppressed") != 0;
    json_t *one = json_array_get(rows, 0);
    if (list)
        json_object_set(whole, name, rows);
    else
        json_object_set_new(whole, name, one != NULL ? json_incref(one) : json_null());
}

static enum nl_status add_chapters(struct nl_store *store, int64_t subscriber, int64_t limit,
                                   json_t *whole, struct nl_error *err) {
    enum nl_status status = NL_OK;
    json_t *left_out = json_array();
    for (size_t i = 0; status == NL_OK && i < sizeof chapters / sizeof chapters[0]; i++) {
        json_t *rows = json_array();
        bool more = false;
        bool ordered = strstr(chapters[i].sql, " ORDER BY ") != NULL;
        status = limit > 0 && ordered
                     ? read_newest(store, subscriber, &chapters[i], limit, rows, &more, err)
                     : read_rows(store, subscriber, &chapters[i], rows, err);
        if (status == NL_OK)
            add_chapter(whole, chapters[i].name, rows);
        if (more)
            json_array_append_new(left_out, json_string(chapters[i].name));
        json_decref(rows);
    }
    if (json_array_size(left_out) > 0)
        json_object_set(whole, "left_out", left_out);
    json_decref(left_out);
    return status;
}

enum nl_status nl_person_export(struct nl_store *store, int64_t subscriber, int64_t limit,
                                char **json, struct nl_error *err) {
    json_t *found = json_array();
    *json = NULL;
    enum nl_status status = read_rows(store, subscriber, &person, found, err);
    json_t *whole = json_array_get(found, 0);
    if (status == NL_OK && whole == NULL)
        status = nl_error_set(err, NL_NOTFOUND, "there is no such subscriber");
    if (status == NL_OK)
        status = add_chapters(store, subscriber, limit, whole, err);
    if (status == NL_OK)
        *json = json_dumps(whole, JSON_COMPACT);
    json_decref(found);
    return status;
}

/* The chapters that nl_person_facts has. */
static bool is_fact(const char *chapter) {
    return strcmp(chapter, "subscriptions") == 0 || strcmp(chapter, "suppressed") == 0;
}

static enum nl_status add_facts(struct nl_store *store, int64_t subscriber, json_t *whole,
                                struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof chapters / sizeof chapters[0]; i++) {
        json_t *rows = is_fact(chapters[i].name) ? json_array() : NULL;
        if (rows != NULL)
            status = read_rows(store, subscriber, &chapters[i], rows, err);
        if (rows != NULL && status == NL_OK)
            add_chapter(whole, chapters[i].name, rows);
        json_decref(rows);
    }
    json_object_set_new(whole, "id", json_integer(subscriber));
    return status;
}

enum nl_status nl_person_facts(struct nl_store *store, int64_t subscriber, json_t **out,
                               struct nl_error *err) {
    json_t *found = json_array();
    enum nl_status status = nl_person_check(store, subscriber, err);
    if (status == NL_OK)
        status = read_rows(store, subscriber, &person, found, err);
    json_t *whole = json_incref(json_array_get(found, 0));
    json_decref(found);
    *out = NULL;
    if (status == NL_OK && whole == NULL)
        status = nl_error_set(err, NL_NOTFOUND, "there is no such subscriber");
    if (status == NL_OK)
        status = add_facts(store, subscriber, whole, err);
    if (status == NL_OK)
        *out = whole;
    else
        json_decref(whole);
    return status;
}
