/* Partitions of deliveries, and the statements that name one. */
#include "db/statement.h"

#include <stdio.h>

static void choose(struct nl_store *store, const struct nl_value *of, const char *part) {
    snprintf(store->part, sizeof store->part, "%s", part);
    store->part_of = *of;
}

static enum nl_status look_up(struct nl_store *store, const struct nl_value *of, const char *sql,
                              struct nl_error *err) {
    char part[NL_PART_SIZE] = "";
    enum nl_status status = nl_sql_first(store, err, NULL, sql, NL_VALUES(NL_INT(of->number)),
                                         NL_COLUMNS(NL_INTO_FIXED(part, sizeof part)));
    if (status == NL_OK)
        choose(store, of, part);
    return status;
}

/* Asking once in a transaction is enough, and for a run once at all: the issue that it sends keeps
 * its partition. All others might name one that was dropped meanwhile. */
static enum nl_status choose_part(struct nl_store *store, const struct nl_value *of,
                                  struct nl_error *err) {
    bool known = store->part_of.type == of->type && store->part_of.number == of->number &&
                 store->part[0] != '\0';
    if (known && (store->together || (store->depth > 0 && store->part_asked)))
        return NL_OK;
    store->part_asked = store->depth > 0;
    if (of->type == 'q')
        return look_up(store, of, "SELECT part_of_delivery(?)", err);
    if (of->number != 0)
        return look_up(store, of, "SELECT part FROM delivery_part WHERE issue = ?", err);
    choose(store, of, "_0");
    return NL_OK;
}

enum nl_status nl_part_take(struct nl_store *store, const struct nl_value **values, bool *given,
                            struct nl_error *err) {
    const struct nl_value *of = *values;
    *given = nl_value_is_part(of);
    *values += *given;
    return *given && store->engine->has_parts ? choose_part(store, of, err) : NL_OK;
}

enum nl_status nl_sql_drop_parts(struct nl_store *store, struct nl_error *err) {
    int64_t dropped = 0;
    if (!store->engine->has_parts)
        return NL_OK;
    store->part[0] = '\0';
    return nl_sql_number(store, err, &dropped, NULL, "SELECT drop_delivery_parts()", NL_NO_VALUES);
}

/* The server analyses partitions by itself, but never the table of all. It has to be done when it
 * was never done, or when their number has changed by a tenth since. Partitions tell how many rows
 * they had when they were analysed; so does that table from PostgreSQL 14 on, and 0 before. */
#define OF_PARENT "pg_class p WHERE p.oid = CAST('delivery' AS regclass)"
#define OF_PARTS                                                                                   \
    "FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = p.oid"
#define STALE                                                                                      \
    "SELECT 1 FROM " OF_PARENT " AND CASE WHEN EXISTS (SELECT 1 FROM pg_stats WHERE schemaname = " \
    "current_schema() AND tablename = 'delivery' AND inherited) THEN p.reltuples > 0 AND (SELECT " \
    "abs(sum(greatest(c.reltuples, 0)) - p.reltuples) > p.reltuples / 10 + 1000 " OF_PARTS         \
    ") ELSE EXISTS (SELECT 1 " OF_PARTS " AND pg_relation_size(c.oid) > 0) END"

/* Each by itself: within a transaction, ANALYZE would keep all of its locks until the end. One that
 * has to wait is left to the next time, without a warning. */
enum nl_status nl_sql_analyze_parts(struct nl_store *store, struct nl_error *err) {
    bool stale = false;
    if (!store->engine->has_parts)
        return NL_OK;
    enum nl_status status = nl_sql_exists(store, err, &stale, STALE, NL_NO_VALUES);
    if (status != NL_OK || !stale)
        return status;
    struct nl_error ignored = {0};
    status = nl_sql_script(store, "SET client_min_messages = error", err);
    if (status == NL_OK)
        status = nl_sql_script(store, "ANALYZE (SKIP_LOCKED) delivery", err);
    nl_error_ignore(nl_sql_script(store, "SET client_min_messages = warning", &ignored));
    nl_error_free(&ignored);
    return status;
}
