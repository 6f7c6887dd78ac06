#include "newsletter/store/audit.h"

#include "store/audited.h"
#include "store/ledger.h"

struct note {
    const struct nl_actor *actor;
    const char *action, *object, *detail;
};

static enum nl_status add_note(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct note *note = ctx;
    struct nl_buf actor = {0};
    int64_t id = 0;
    nl_buf_adds(&actor, note->actor->name);
    if (note->actor->token != NULL)
        nl_buf_addf(&actor, " (token %s)", note->actor->token);
    enum nl_status status = nl_sql_insert(
        store, err, &id,
        "INSERT INTO audit (at, actor, door, client, action, object, detail) VALUES "
        "(?, ?, ?, ?, ?, ?, ?)",
        NL_VALUES(NL_INT(nl_store_now(store)), NL_STRING(nl_buf_text(&actor)),
                  NL_STRING(note->actor->door), NL_STRING(note->actor->client),
                  NL_STRING(note->action), NL_STRING(note->object), NL_STRING(note->detail)));
    nl_buf_free(&actor);
    return status == NL_OK ? nl_ledger_action(store, id, err) : status;
}

enum nl_status nl_audit_note(struct nl_store *store, const struct nl_actor *actor,
                             const char *action, const char *object, const char *detail,
                             struct nl_error *err) {
    return nl_sql_within(store, add_note, &(struct note){actor, action, object, detail}, err);
}

struct body {
    nl_sql_body *body;
    void *context;
    const struct nl_noted *noted;
};

static enum nl_status run_and_note(struct nl_store *store, void *context, struct nl_error *err) {
    const struct body *call = context;
    const struct nl_noted *noted = call->noted;
    struct nl_buf object = {0};
    enum nl_status status = call->body(store, call->context, err);
    if (status != NL_OK || noted->by == NULL)
        return status;
    nl_buf_addf(&object, "%s %s", noted->kind, noted->name);
    status =
        nl_audit_note(store, noted->by, noted->action, nl_buf_text(&object), noted->detail, err);
    nl_buf_free(&object);
    return status;
}

enum nl_status nl_audited(struct nl_store *store, nl_sql_body *body, void *context,
                          const struct nl_noted *noted, struct nl_error *err) {
    struct body call = {body, context, noted};
    return nl_sql_exclusive(store, run_and_note, &call, err);
}

struct visit {
    enum nl_status (*each)(const struct nl_audit_line *line, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_line(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visit *visit = context;
    const struct nl_audit_line line = {
        .id = nl_sql_int(row, 0),
        .at = nl_sql_int(row, 1),
        .actor = nl_sql_text(row, 2),
        .door = nl_sql_text(row, 3),
        .client = nl_sql_text(row, 4),
        .action = nl_sql_text(row, 5),
        .object = nl_sql_text(row, 6),
        .detail = nl_sql_text(row, 7),
    };
    return visit->each(&line, visit->ctx, err);
}

/* The log of years is small next to the deliveries of one issue: a search reads it from its end. */
enum nl_status nl_audit_each(struct nl_store *store, const struct nl_audit_filter *filter,
                             enum nl_status (*each)(const struct nl_audit_line *line, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(
        store, err, visit_line, &visit,
        "SELECT id, at, actor, door, client, action, object, detail FROM audit "
        "WHERE (?1 = 0 OR id < ?1) AND at >= ?2 AND (?3 = 0 OR at < ?3) AND "
        "(CAST(?4 AS TEXT) IS NULL OR instr(lower(actor || ' ' || action || ' ' || "
        "coalesce(object, '') || ' ' || coalesce(detail, '')), lower(CAST(?4 AS TEXT))) > 0) "
        "ORDER BY id DESC LIMIT ?5",
        NL_VALUES(NL_INT(filter->before), NL_INT(filter->since), NL_INT(filter->until),
                  NL_STRING(filter->text), NL_INT(nl_sql_limit(filter->limit))));
}
