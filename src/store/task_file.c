#include "newsletter/db/sql.h"
#include "newsletter/store/task.h"

#include <stdlib.h>

/* Pieces of a file that one short transaction removes. */
enum { AT_ONCE = 50 };

static const char *const files[] = {
    [NL_TASK_UPLOAD] = "upload", [NL_TASK_REJECTS] = "rejects", [NL_TASK_EXPORTED] = "export"};

enum nl_status nl_task_append(struct nl_store *store, int64_t id, enum nl_task_file file,
                              const void *data, size_t len, struct nl_error *err) {
    int64_t part = 0;
    return nl_sql_insert(store, err, &part,
                         "INSERT INTO task_part (task, file, content) VALUES (?, ?, ?)",
                         NL_VALUES(NL_INT(id), NL_STRING(files[file]), NL_BYTES(data, len)));
}

enum nl_status nl_task_read(struct nl_store *store, int64_t id, enum nl_task_file file,
                            int64_t *last, struct nl_buf *out, bool *end, struct nl_error *err) {
    char *content = NULL;
    size_t len = 0;
    int64_t part = 0;
    bool found = false;
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT id, content FROM task_part WHERE task = ? AND file = ? AND id > ? ORDER BY id "
        "LIMIT 1",
        NL_VALUES(NL_INT(id), NL_STRING(files[file]), NL_INT(*last)),
        NL_COLUMNS(NL_INTO(&part), NL_INTO_BYTES(&content, &len)));
    *end = !found;
    if (status == NL_OK && found) {
        nl_buf_add(out, content, len);
        *last = part;
    }
    free(content);
    return status;
}

static enum nl_status remove_parts(struct nl_store *store, const char *sql,
                                   const struct nl_value *values, struct nl_error *err) {
    enum nl_status status = NL_OK;
    int64_t removed = AT_ONCE;
    while (status == NL_OK && removed > 0) {
        status = nl_sql_run(store, err, sql, values);
        removed = status == NL_OK ? nl_sql_changes(store) : 0;
        nl_store_give_way(store);
    }
    return status;
}

enum nl_status nl_task_clear(struct nl_store *store, int64_t id, enum nl_task_file file,
                             struct nl_error *err) {
    return remove_parts(store,
                        "DELETE FROM task_part WHERE id IN (SELECT id FROM task_part WHERE task = "
                        "? AND file = ? ORDER BY id LIMIT ?)",
                        NL_VALUES(NL_INT(id), NL_STRING(files[file]), NL_INT(AT_ONCE)), err);
}

enum nl_status nl_tasks_expire(struct nl_store *store, struct nl_error *err) {
    int64_t before = nl_store_now(store) - NL_TASK_KEPT;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE task SET state = 'cancelled', ended_at = ?1 WHERE state IN ('open', 'ready', "
        "'tried') AND coalesce(ended_at, created_at) < ?2",
        NL_VALUES(NL_INT(before), NL_INT(before)));
    if (status == NL_OK)
        status = remove_parts(
            store,
            "DELETE FROM task_part WHERE id IN (SELECT p.id FROM task_part p JOIN task t ON t.id = "
            "p.task WHERE t.ended_at <= ? AND t.state NOT IN ('waiting', 'running', 'undoing') "
            "LIMIT ?)",
            NL_VALUES(NL_INT(before), NL_INT(AT_ONCE)), err);
    return status == NL_OK
               ? remove_parts(
                     store,
                     "DELETE FROM import_change WHERE id IN (SELECT c.id FROM import_change c LEFT "
                     "JOIN task t ON t.id = c.task WHERE t.id IS NULL OR (t.state <> 'undoing' "
                     "AND t.ended_at <= ?1) LIMIT ?2)",
                     NL_VALUES(NL_INT(before), NL_INT(AT_ONCE)), err)
               : status;
}
