#include "newsletter/base/token.h"
#include "store/import_row.h"

/* Most rows of most files are people who are new: a few dozen of them come in by two statements. A
 * person who is known by then is left out by the first, and so is their subscription by the second:
 * such rows are met one by one afterwards. */

enum { PERSON = 7, SUBSCRIPTION = 12 }; /* columns */

/* "(?,?),(?,?)" */
static void add_places(struct nl_buf *sql, size_t columns) {
    for (size_t i = 0; i < NL_IMPORT_BULK; i++)
        for (size_t j = 0; j < columns; j++)
            nl_buf_adds(sql, j > 0 ? ",?" : i > 0 ? "),(?" : "(?");
    nl_buf_adds(sql, ")");
}

static enum nl_status prepare_statement(struct nl_store *store, const char *head, size_t columns,
                                        const char *tail, struct nl_buf *sql,
                                        struct nl_statement **out, struct nl_error *err) {
    nl_buf_clear(sql);
    nl_buf_adds(sql, head);
    add_places(sql, columns);
    nl_buf_adds(sql, tail);
    return nl_sql_prepare(store, nl_buf_text(sql), out, err);
}

static enum nl_status prepare_both(struct nl_import *import, struct nl_error *err) {
    if (import->subscriptions != NULL)
        return NL_OK;
    enum nl_status status = prepare_statement(
        import->store,
        "INSERT INTO subscriber (uuid, address, address_key, name, language, attributes, "
        "created_at) VALUES ",
        PERSON, " ON CONFLICT (address_key) DO NOTHING", &import->people_sql, &import->people, err);
    return status == NL_OK
               ? prepare_statement(
                     import->store,
                     "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                     "consent_source, consent_ip, consent_version, confirmed_at, ended_at, "
                     "created_at, form_wording) SELECT v.column2, r.id, v.column3, v.column4, "
                     "v.column5, "
                     "v.column6, v.column7, v.column8, nullif(v.column9, 0), "
                     "nullif(v.column10, 0), v.column11, nullif(v.column12, 0) FROM (VALUES ",
                     SUBSCRIPTION, ") AS v CROSS JOIN subscriber r WHERE r.uuid = v.column1",
                     &import->subscriptions_sql, &import->subscriptions, err)
               : status;
}

void nl_import_end_bulk(struct nl_import *import) {
    nl_sql_end(import->people);
    nl_sql_end(import->subscriptions);
    import->people = import->subscriptions = NULL;
    nl_buf_free(&import->people_sql);
    nl_buf_free(&import->subscriptions_sql);
}

static void fill_person(const struct nl_import *import, const struct nl_import_item *item,
                        struct nl_value *out) {
    const struct nl_member *member = &item->member;
    int64_t created = member->created_at;
    out[0] = NL_STRING((const char *)item->uuid);
    out[1] = NL_STRING(item->address.text);
    out[2] = NL_STRING(item->address.key);
    out[3] = NL_STRING(member->name);
    out[4] = NL_STRING(member->language);
    out[5] = NL_STRING(member->attributes != NULL ? member->attributes : "{}");
    out[6] = NL_INT(created != 0 ? created : nl_store_now(import->store));
}

static void fill_subscription(const struct nl_import *import, const struct nl_import_item *item,
                              const char *token, struct nl_value *out) {
    const struct nl_member *member = &item->member;
    struct nl_import_facts facts;
    nl_import_facts(import, member, nl_import_wanted(member), &facts);
    out[0] = NL_STRING((const char *)item->uuid);
    out[1] = NL_INT(item->list);
    out[2] = NL_STRING(nl_subscription_state_text(facts.state));
    out[3] = NL_STRING(token);
    out[4] = NL_INT(facts.consent_at);
    out[5] = NL_STRING(facts.consent_source);
    out[6] = NL_STRING(member->consent_ip);
    out[7] = NL_STRING(member->consent_version);
    out[8] = NL_INT(facts.confirmed_at);
    out[9] = NL_INT(facts.ended_at);
    out[10] = NL_INT(facts.created_at);
    out[11] = NL_INT(facts.wording);
}

/* ---- one by one ---- */

static void count_result(struct nl_import_tally *tally, const struct nl_import_result *result) {
    tally->outcomes[result->outcome]++;
    tally->ended += result->ended;
    if (result->outcome == NL_IMPORT_ADDED)
        tally->added[result->state]++;
}

static enum nl_status take_one(struct nl_import *import, const struct nl_import_item *item,
                               struct nl_import_tally *tally, struct nl_error *err) {
    struct nl_import_result result = {0};
    enum nl_status status =
        nl_import_row(import, item->list, &item->address, &item->member, &result, err);
    if (status != NL_OK)
        return status;
    count_result(tally, &result);
    import->newcomers += result.outcome == NL_IMPORT_ADDED;
    return NL_OK;
}

/* ---- many at once ---- */

static enum nl_status is_added(struct nl_store *store, const struct nl_import_item *item,
                               bool *added, struct nl_error *err) {
    return nl_sql_exists(store, err, added, "SELECT 1 FROM subscriber WHERE uuid = ?",
                         NL_VALUES(NL_STRING((const char *)item->uuid)));
}

/* After both statements: `added` of the rows are in; the others are met one by one. */
static enum nl_status take_others(struct nl_import *import, struct nl_import_item *items,
                                  size_t added, struct nl_import_tally *tally,
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < NL_IMPORT_BULK; i++) {
        bool is_in = added == NL_IMPORT_BULK;
        if (!is_in)
            status = is_added(import->store, &items[i], &is_in, err);
        const struct nl_import_result result = {.outcome = NL_IMPORT_ADDED,
                                                .state = nl_import_wanted(&items[i].member)};
        if (status == NL_OK && is_in)
            count_result(tally, &result);
        else if (status == NL_OK)
            status = take_one(import, &items[i], tally, err);
    }
    return status;
}

static enum nl_status take_bulk(struct nl_import *import, struct nl_import_item *items,
                                struct nl_import_tally *tally, struct nl_error *err) {
    struct nl_value people[NL_IMPORT_BULK * PERSON + 1] = {{0}};
    struct nl_value subscriptions[NL_IMPORT_BULK * SUBSCRIPTION + 1] = {{0}};
    char tokens[NL_IMPORT_BULK][NL_TOKEN_LEN + 1];
    for (size_t i = 0; i < NL_IMPORT_BULK; i++) {
        nl_import_uuid(import, items[i].uuid);
        nl_import_token(import, tokens[i]);
        fill_person(import, &items[i], &people[i * PERSON]);
        fill_subscription(import, &items[i], tokens[i], &subscriptions[i * SUBSCRIPTION]);
    }
    enum nl_status status = prepare_both(import, err);
    if (status == NL_OK)
        status = nl_sql_put(import->store, import->people, people, err);
    import->newcomers = status == NL_OK ? (size_t)nl_sql_changes(import->store) : 0;
    if (status == NL_OK)
        status = nl_sql_put(import->store, import->subscriptions, subscriptions, err);
    return status == NL_OK ? take_others(import, items, import->newcomers, tally, err) : status;
}

/* Whether the next NL_IMPORT_BULK rows may come in together. Known people are met faster one by
 * one, so where most rows just before were known, these are taken so, too. */
static enum nl_status may_take_bulk(struct nl_import *import, const struct nl_import_item *items,
                                    size_t count, bool *all, struct nl_error *err) {
    *all = count >= NL_IMPORT_BULK && !import->policy->confirm &&
           import->newcomers >= NL_IMPORT_BULK / 2;
    for (size_t i = 0; *all && i < NL_IMPORT_BULK; i++) {
        enum nl_import_outcome outcome = NL_IMPORT_ADDED;
        enum nl_status status = nl_import_obstacle(import, &items[i].address, &outcome, err);
        if (status != NL_OK)
            return status;
        *all = outcome == NL_IMPORT_ADDED && !items[i].member.blocked;
    }
    return NL_OK;
}

enum nl_status nl_import_items(struct nl_import *import, struct nl_import_item *items, size_t count,
                               struct nl_import_tally *tally, struct nl_error *err) {
    enum nl_status status = NL_OK;
    import->newcomers = NL_IMPORT_BULK;
    for (size_t at = 0; status == NL_OK && at < count;) {
        size_t end = at + NL_IMPORT_BULK < count ? at + NL_IMPORT_BULK : count;
        bool all = false;
        status = may_take_bulk(import, items + at, count - at, &all, err);
        if (status == NL_OK && all)
            status = take_bulk(import, items + at, tally, err);
        else
            import->newcomers = 0;
        for (size_t i = at; status == NL_OK && !all && i < end; i++)
            status = take_one(import, &items[i], tally, err);
        at = end;
    }
    return status;
}
