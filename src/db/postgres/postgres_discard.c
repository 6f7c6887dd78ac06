#include "db/postgres/postgres.h"

#include "db/tables.h"
#include "newsletter/base/embedded.h"
#include "newsletter/base/log.h"

#include <stdlib.h>
#include <string.h>

/* A database that came to nothing: all that its migrations have made goes away by name, since the
 * schema may hold objects of others. The names are read from the migrations themselves, so that a
 * new one is not forgotten. Only those count that were applied: each CREATE of them has worked, so
 * nobody else had an object of that name. Nothing is dropped with CASCADE: that would take what
 * others have built on it. */

/* In the order in which they can be dropped: the former may need the latter. Partitions, indexes,
 * triggers and sequences of columns go with their tables. */
static const char *const kinds[] = {"VIEW", "TABLE", "FUNCTION", "SEQUENCE", "DOMAIN", "TYPE"};

#define LETTERS "abcdefghijklmnopqrstuvwxyz_0123456789"

/* How long the name at `text` is, with the types of a function; 0: it is not a name. */
static size_t name_length(const char *text) {
    size_t len = strspn(text, LETTERS);
    size_t depth = 0;
    if (len == 0 || text[len] != '(')
        return len;
    do {
        depth += text[len] == '(';
        depth -= text[len] == ')';
        len++;
    } while (depth > 0 && text[len] != '\0');
    return len;
}

/* A statement stands at the beginning of a line, or of a text that is executed; a comment may speak
 * of one. */
static bool begins_here(const char *all, const char *at) {
    while (at != all && at[-1] == ' ')
        at--;
    return at == all || at[-1] == '\n' || at[-1] == '\'';
}

static void add_names(const char *migration, const char *kind, struct nl_buf *names) {
    static const char create[] = "CREATE ";
    for (const char *at = migration; (at = strstr(at, create)) != NULL;) {
        bool begins = begins_here(migration, at);
        at += sizeof create - 1;
        if (!begins || strncmp(at, kind, strlen(kind)) != 0 || at[strlen(kind)] != ' ')
            continue;
        const char *name = at + strlen(kind) + 1;
        size_t len = strcmp(kind, "FUNCTION") == 0 ? name_length(name) : strspn(name, LETTERS);
        if (len > 0)
            nl_buf_addf(names, "%s%.*s", names->len > 0 ? ", " : "", (int)len, name);
    }
}

static void add_drop(const char *kind, int64_t applied, struct nl_buf *sql) {
    struct nl_buf names = {0};
    if (strcmp(kind, "TABLE") == 0)
        nl_buf_adds(&names, "schema_migration");
    for (const struct nl_embedded *file = nl_embedded_migrations_postgresql; file->name != NULL;
         file++)
        if (strtoll(file->name, NULL, 10) <= applied)
            add_names(file->data, kind, &names);
    if (names.len > 0)
        nl_buf_addf(sql, "DROP %s IF EXISTS %s; ", kind, nl_buf_text(&names));
    nl_buf_free(&names);
}

/* 0 where none was. */
static int64_t last_migration(PGconn *connection) {
    PGresult *result = PQexec(connection, "SELECT max(number) FROM schema_migration");
    int64_t applied = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return applied;
}

/* Fails where somebody else has come in meanwhile: "no tables" was true before there were any, and
 * without a lock. Changes take turns by this lock, copies too. */
static void add_check(struct nl_buf *sql) {
    nl_buf_adds(sql, "DO $$ DECLARE name TEXT; used BOOLEAN; BEGIN PERFORM "
                     "pg_advisory_xact_lock(hashtext('newsletter ' || current_schema()), 0); "
                     "FOREACH name IN ARRAY ARRAY[");
    for (const struct nl_table *table = nl_tables; table->name != NULL; table++)
        nl_buf_addf(sql, "%s'%s'", table == nl_tables ? "" : ", ", table->name);
    /* One row of these two there is from the beginning: the key, and the head of the ledger. */
    nl_buf_adds(sql, "] LOOP CONTINUE WHEN to_regclass(name) IS NULL; EXECUTE format('SELECT "
                     "EXISTS (SELECT 1 FROM %I OFFSET %s)', name, CASE WHEN name IN ('setting', "
                     "'ledger') THEN 1 ELSE 0 END) INTO used; IF used THEN RAISE EXCEPTION "
                     "'somebody uses it already'; END IF; END LOOP; END $$; ");
}

/* In one transaction, as all that is sent at once. Other schemas of the path are left alone. What
 * stays is a new database, which the next move or init goes on with. */
void nl_postgres_discard(const char *path) {
    struct nl_buf sql = {0};
    PGconn *connection = nl_postgres_connect(path);
    PQclear(PQexec(connection,
                   "SET client_min_messages = warning; SET lock_timeout = '10s'; "
                   "SELECT set_config('search_path', quote_ident(current_schema()), false)"));
    int64_t applied = last_migration(connection);
    if (applied > 0)
        add_check(&sql);
    for (size_t i = 0; applied > 0 && i < sizeof kinds / sizeof kinds[0]; i++)
        add_drop(kinds[i], applied, &sql);
    if (sql.len > 0) {
        PGresult *result = PQexec(connection, nl_buf_text(&sql));
        const char *said = PQerrorMessage(connection);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            nl_log(NL_LOG_NOTICE, NULL, "the tables of the new database stay: %.*s",
                   (int)strcspn(said, "\n"), said);
        PQclear(result);
    }
    PQfinish(connection);
    nl_buf_free(&sql);
}
