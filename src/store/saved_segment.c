#include "newsletter/store/saved_segment.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"

enum { NAME_LIMIT = 64 };

enum nl_status nl_saved_segment_put(struct nl_store *store, const char *name,
                                    const char *expression, struct nl_error *err) {
    if (!nl_text_is_name(name, "_-", NAME_LIMIT))
        return nl_error_set(
            err, NL_DATA, NL_TEXT("'%s' is not a name: use up to %d letters, digits, '_' and '-'"),
            name, NAME_LIMIT);
    return nl_sql_run(
        store, err,
        "INSERT INTO segment (name, expression, created_at) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (name) DO UPDATE SET expression = ?2, created_at = ?3",
        NL_VALUES(NL_STRING(name), NL_STRING(expression), NL_INT(nl_store_now(store))));
}

static enum nl_status no_such(const char *name, struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND,
                        NL_TEXT("there is no segment '%s': 'newsletter segment' lists them"), name);
}

enum nl_status nl_saved_segment_get(struct nl_store *store, const char *name, char **expression,
                                    struct nl_error *err) {
    bool found = false;
    enum nl_status status =
        nl_sql_first(store, err, &found, "SELECT expression FROM segment WHERE name = ?",
                     NL_VALUES(NL_STRING(name)), NL_COLUMNS(NL_INTO(expression)));
    return status == NL_OK && !found ? no_such(name, err) : status;
}

enum nl_status nl_saved_segment_remove(struct nl_store *store, const char *name,
                                       struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM segment WHERE name = ?", NL_VALUES(NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0 ? no_such(name, err) : status;
}

struct visit {
    enum nl_status (*each)(const char *name, const char *expression, void *ctx,
                           struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    return visit->each(nl_sql_text(row, 0), nl_sql_text(row, 1), visit->ctx, err);
}

enum nl_status nl_saved_segments_each(struct nl_store *store,
                                      enum nl_status (*each)(const char *name,
                                                             const char *expression, void *ctx,
                                                             struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_row, &visit,
                       "SELECT name, expression FROM segment ORDER BY name", NL_NO_VALUES);
}
