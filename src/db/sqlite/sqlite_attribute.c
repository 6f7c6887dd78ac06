/* attribute(JSON, PATH) is json_extract, and may stand in an index. Where the schema is not
 * trusted, since the file may come from anywhere, json_extract may not. Ours reads and returns,
 * whatever the schema makes of it; text that is not JSON has no attributes. */
#include "db/sqlite/sqlite.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>

/* A database of its own, so that it ends with the connection that has the function. */
struct extractor {
    sqlite3 *db;
    sqlite3_stmt *statement;
};

static void free_extractor(void *ctx) {
    struct extractor *extractor = ctx;
    sqlite3_finalize(extractor->statement);
    sqlite3_close(extractor->db);
    free(extractor);
}

static bool is_open(struct extractor *extractor) {
    if (extractor->statement == NULL && extractor->db == NULL &&
        sqlite3_open(":memory:", &extractor->db) == SQLITE_OK)
        sqlite3_prepare_v3(extractor->db, "SELECT json_extract(?1, ?2)", -1,
                           SQLITE_PREPARE_PERSISTENT, &extractor->statement, NULL);
    return extractor->statement != NULL;
}

static void extract(sqlite3_context *context, int count, sqlite3_value **values) {
    struct extractor *extractor = sqlite3_user_data(context);
    (void)count;
    if (!is_open(extractor)) {
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_bind_value(extractor->statement, 1, values[0]);
    sqlite3_bind_value(extractor->statement, 2, values[1]);
    if (sqlite3_step(extractor->statement) == SQLITE_ROW)
        sqlite3_result_value(context, sqlite3_column_value(extractor->statement, 0));
    sqlite3_reset(extractor->statement);
}

void nl_sqlite_add_attribute(sqlite3 *db) {
    struct extractor *extractor = nl_calloc(1, sizeof *extractor);
    /* SQLite frees it, also where it fails */
    sqlite3_create_function_v2(db, "attribute", 2,
                               SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, extractor,
                               extract, NULL, NULL, free_extractor);
}
