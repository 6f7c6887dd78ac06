#include "newsletter/store/saved_segment.h"

#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"

#include <string.h>

enum { NAME_LIMIT = 64 };

enum nl_status nl_saved_segment_put(struct nl_store *store, const char *name,
                                    const char *expression, struct nl_error *err) {
    if (!nl_text_is_name(name, "_-", NAME_LIMIT))
        return nl_error_set(err, NL_DATA,
                            "'%s' is not a name: use up to %d letters, digits, '_' and '-'", name,
                            NAME_LIMIT);
    return nl_sql_run(store, err,
                      "INSERT INTO segment (name, expression, created_at) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT (name) DO UPDATE SET expression = ?2, created_at = ?3",
                      "ssi", name, expression, nl_env_now(&store->env));
}

static enum nl_status no_such(const char *name, struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND,
                        "there is no segment '%s': 'newsletter segment' lists them", name);
}

enum nl_status nl_saved_segment_get(struct nl_store *store, const char *name, char **expression,
                                    struct nl_error *err) {
    bool row = false;
    bool failed = false;
    *expression = NULL;
    struct nl_statement *statement =
        nl_sql(store, err, "SELECT expression FROM segment WHERE name = ?", "s", name);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    *expression = nl_sql_text(statement, 0, &failed);
    nl_sql_done(statement);
    if (status == NL_OK && !row)
        return no_such(name, err);
    return failed ? nl_error_nomem(err) : status;
}

enum nl_status nl_saved_segment_remove(struct nl_store *store, const char *name,
                                       struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM segment WHERE name = ?", "s", name);
    return status == NL_OK && nl_sql_changes(store) == 0 ? no_such(name, err) : status;
}

enum nl_status nl_saved_segments_each(struct nl_store *store,
                                      enum nl_status (*each)(const char *name,
                                                             const char *expression, void *ctx,
                                                             struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement =
        nl_sql(store, err, "SELECT name, expression FROM segment ORDER BY name", "");
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_borrow(statement, 0), nl_sql_borrow(statement, 1), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}
