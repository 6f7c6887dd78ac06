#include "db/postgres/postgres.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- failures ---- */

static enum nl_status server_is_away(struct nl_store *store, struct nl_error *err) {
    const char *text = PQerrorMessage(nl_postgres(store)->connection);
    size_t len = strcspn(text, "\n");
    return nl_error_set(err, NL_TEMPFAIL, "%s: the database server cannot be reached (%.*s)",
                        store->path, (int)len, text);
}

/* SQLSTATE, by code or by class. */
static enum nl_status status_of(const char *state) {
    static const struct {
        const char *prefix;
        enum nl_status status;
    } known[] = {
        {"55P03", NL_BUSY},     /* lock_timeout */
        {"40", NL_BUSY},        /* deadlock and the like: nothing was done */
        {"57P", NL_TEMPFAIL},   /* the server goes down, or is coming up */
        {"08", NL_TEMPFAIL},    /* connection */
        {"53", NL_IO},          /* disk, memory, connections */
        {"58", NL_IO},          /* the server's files */
        {"XX", NL_IO},          /* damage */
        {"42501", NL_NOPERM},   /* privileges */
        {"28", NL_NOPERM},      /* login */
        {"25006", NL_NOPERM},   /* read-only: a standby */
        {"25P03", NL_TEMPFAIL}, /* we stood still within a transaction */
        {"22", NL_DATA},        /* text that is not UTF-8, and the like */
        {"3D", NL_NOINPUT},     /* no such database */
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(state, known[i].prefix, strlen(known[i].prefix)) == 0)
            return known[i].status;
    return NL_INTERNAL;
}

enum nl_status nl_postgres_error(struct nl_store *store, const PGresult *result,
                                 struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    link->duplicate = state != NULL && strcmp(state, "23505") == 0;
    if (PQstatus(link->connection) != CONNECTION_OK || state == NULL)
        return server_is_away(store, err);
    enum nl_status status = status_of(state);
    if (status == NL_BUSY)
        return nl_error_set(err, NL_BUSY, "%s is locked by another process: try again",
                            store->path);
    return nl_error_set(err, status, "%s: %s (%s)", store->path, text != NULL ? text : "", state);
}

enum nl_status nl_postgres_script(struct nl_store *store, const char *sql, struct nl_error *err) {
    enum nl_status status = nl_postgres_flush(store, err);
    if (status == NL_OK)
        status = nl_postgres_ensure(store, err);
    if (status != NL_OK)
        return status;
    PGresult *result = PQexec(nl_postgres(store)->connection, sql);
    ExecStatusType outcome = PQresultStatus(result);
    if (outcome != PGRES_COMMAND_OK && outcome != PGRES_TUPLES_OK)
        status = nl_postgres_error(store, result, err);
    PQclear(result);
    return status;
}

/* ---- the clock ---- */

static int64_t utc_milliseconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All who share a database go by its server's clock, whatever theirs say. */
static int64_t server_now(void *ctx) {
    const struct nl_postgres *link = ctx;
    return (utc_milliseconds() + link->offset) / 1000;
}

static void system_random(void *ctx, unsigned char out[16]) {
    (void)ctx;
    nl_env_system.random(nl_env_system.ctx, out);
}

/* From the first column. In whole seconds, two processes would be a second apart now and then, and
 * what came later would be noted as earlier. */
void nl_postgres_set_clock(struct nl_postgres *link, const PGresult *result) {
    link->clock_at = nl_env_now(&nl_env_system);
    if (PQntuples(result) > 0)
        link->offset = strtoll(PQgetvalue(result, 0, 0), NULL, 10) - utc_milliseconds();
}

/* ---- connecting ---- */

/* A server that is cut off is noticed within half a minute, by both sides; so is a client that
 * stands still within a transaction, whose locks would hold up all others (see greet). */
PGconn *nl_postgres_connect(const char *url) {
    char name[64];
    snprintf(name, sizeof name, "newsletter %ld", (long)getpid());
    const char *const keys[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                                "client_encoding",  "dbname",           NULL};
    const char *const values[] = {"10", "10", "5", "3", "20000", name, "UTF8", url, NULL};
    return PQconnectdbParams(keys, values, 1);
}

static enum nl_status greet(struct nl_store *store, struct nl_error *err) {
    static const char greeting[] =
        "SET lock_timeout = '10s'; SET standard_conforming_strings = on; "
        "SET client_min_messages = warning; SET tcp_keepalives_idle = 10; "
        "SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
        "SET tcp_user_timeout = '20s'; "
        "UPDATE pg_settings SET setting = 20000 "
        "WHERE name = 'idle_in_transaction_session_timeout' AND setting = '0'; " NL_POSTGRES_CLOCK
        ", current_setting('server_encoding')";
    struct nl_postgres *link = nl_postgres(store);
    PGresult *result = PQexec(link->connection, greeting);
    enum nl_status status =
        PQresultStatus(result) == PGRES_TUPLES_OK ? NL_OK : nl_postgres_error(store, result, err);
    if (status == NL_OK && strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
        status = nl_error_set(err, NL_CONFIG,
                              "%s is encoded in %s: make a database with ENCODING 'UTF8'",
                              store->path, PQgetvalue(result, 0, 1));
    if (status == NL_OK)
        nl_postgres_set_clock(link, result);
    PQclear(result);
    link->sessions++;
    store->stream = 0; /* the server may still be at work for the lost connection */
    store->part[0] = '\0';
    link->planned_at = nl_env_now(&nl_env_system);
    return status == NL_OK && link->read_only
               ? nl_postgres_script(store, "SET default_transaction_read_only = on", err)
               : status;
}

/* A session that is begun later waits for its commits again. */
void nl_postgres_set_durable(struct nl_store *store, bool durable) {
    struct nl_error ignored = {0};
    nl_error_ignore(nl_postgres_script(
        store, durable ? "RESET synchronous_commit" : "SET synchronous_commit = off", &ignored));
    nl_error_free(&ignored);
}

enum nl_status nl_postgres_read_only(struct nl_store *store, struct nl_error *err) {
    nl_postgres(store)->read_only = true;
    return nl_postgres_script(store, "SET default_transaction_read_only = on", err);
}

enum { PLANS_KEPT = 10 }; /* seconds */

/* The server keeps the plans of statements until its next look at the sizes of tables, a minute
 * later: a plan that was made for empty ones is not a plan for ten thousand rows. */
static void drop_old_plans(struct nl_postgres *link) {
    int64_t now = nl_env_now(&nl_env_system);
    if (link->open || PQpipelineStatus(link->connection) != PQ_PIPELINE_OFF ||
        (now >= link->planned_at && now - link->planned_at < PLANS_KEPT))
        return;
    link->planned_at = now;
    PQclear(PQexec(link->connection, "DISCARD PLANS")); /* what fails here will fail again */
}

enum nl_status nl_postgres_ensure(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    if (PQstatus(link->connection) == CONNECTION_OK) {
        drop_old_plans(link);
        return NL_OK;
    }
    if (link->open) /* the server undoes its changes */
        return server_is_away(store, err);
    PQfinish(link->connection);
    link->connection = nl_postgres_connect(link->url);
    return PQstatus(link->connection) == CONNECTION_OK ? greet(store, err)
                                                       : server_is_away(store, err);
}

/* The URL as messages may show it, without its password. */
static char *name_of(const char *url) {
    struct nl_buf name = {0};
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    const char *host = "";
    const char *database = "";
    for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
        if (strcmp(option->keyword, "host") == 0 && option->val != NULL)
            host = option->val;
        if (strcmp(option->keyword, "dbname") == 0 && option->val != NULL)
            database = option->val;
    }
    nl_buf_addf(&name, "postgresql://%s%s%s", host[0] == '/' ? "" : host,
                database[0] != '\0' ? "/" : "", database);
    PQconninfoFree(options);
    return nl_buf_take(&name);
}

static enum nl_status check_url(const char *url, struct nl_error *err) {
    char *problem = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &problem);
    enum nl_status status = NL_OK;
    if (options == NULL) /* its text may hold the password */
        status = nl_error_set(err, NL_CONFIG,
                              "database: the URL is malformed: write it as "
                              "postgresql://user@host/name, with the password in ~/.pgpass");
    PQconninfoFree(options);
    PQfreemem(problem);
    return status;
}

static enum nl_status refused(struct nl_store *store, struct nl_error *err) {
    const char *text = PQerrorMessage(nl_postgres(store)->connection);
    return nl_error_set(err, NL_UNAVAILABLE, "cannot connect to %s: %.*s", store->path,
                        (int)strcspn(text, "\n"), text);
}

enum nl_status nl_postgres_open(struct nl_store *store, const char *path, struct nl_error *err) {
    struct nl_postgres *link = nl_calloc(1, sizeof *link);
    store->link = link;
    enum nl_status status = check_url(path, err);
    if (status != NL_OK)
        return status;
    free(store->path);
    store->path = name_of(path);
    link->url = nl_strdup(path);
    link->connection = nl_postgres_connect(path);
    if (link->connection == NULL)
        return nl_error_nomem(err);
    if (PQstatus(link->connection) != CONNECTION_OK)
        return refused(store, err);
    if (store->env.now == nl_env_system.now)
        store->env = (struct nl_env){server_now, system_random, link};
    return greet(store, err);
}

void nl_postgres_close(struct nl_store *store) {
    struct nl_postgres *link = store->link;
    if (link == NULL)
        return;
    PQfinish(link->connection);
    nl_buf_free(&link->waiting);
    nl_buf_free(&link->dropped);
    free(link->url);
    free(link);
    store->link = NULL;
}

/* ---- is there one? ---- */

/* The administrator makes the database itself; this program makes the tables. */
static enum nl_status count_tables(const char *path, bool *any, struct nl_error *err) {
    struct nl_store store = {.engine = &nl_engine_postgres, .env = nl_env_system};
    enum nl_status status = nl_postgres_open(&store, path, err);
    *any = false;
    if (status == NL_OK) {
        PGresult *result = PQexec(nl_postgres(&store)->connection,
                                  "SELECT 1 FROM pg_tables WHERE schemaname = current_schema()");
        *any = PQntuples(result) > 0;
        PQclear(result);
    }
    nl_postgres_close(&store);
    free(store.path);
    return status;
}

enum nl_status nl_postgres_create(const char *path, bool *created, struct nl_error *err) {
    bool any = false;
    enum nl_status status = count_tables(path, &any, err);
    *created = status == NL_OK && !any;
    return status;
}

enum nl_status nl_postgres_check(const char *path, struct nl_error *err) {
    return check_url(path, err);
}

/* ---- transactions ---- */

/* Transactions that change what they have just read run one after the other, as with SQLite. */
enum nl_status nl_postgres_begin(struct nl_store *store, bool exclusive, struct nl_error *err) {
    static const char together[] = "BEGIN; " NL_POSTGRES_CLOCK;
    static const char one[] = "BEGIN; SELECT pg_advisory_xact_lock(hashtext('newsletter ' || "
                              "current_schema()), 0); " NL_POSTGRES_CLOCK;
    enum nl_status status = nl_postgres_ensure(store, err);
    if (status != NL_OK)
        return status;
    struct nl_postgres *link = nl_postgres(store);
    nl_postgres_drop_statements(link);
    PGresult *result = PQexec(link->connection, exclusive ? one : together);
    link->open = true;
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        nl_postgres_set_clock(link, result);
    else
        status = nl_postgres_error(store, result, err);
    PQclear(result);
    if (status != NL_OK)
        nl_postgres_rollback(store);
    return status;
}

/* COMMIT rolls back a transaction in which a statement has failed, without an error. */
enum nl_status nl_postgres_commit(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = nl_postgres_ensure(store, err);
    if (status != NL_OK)
        return status;
    if (link->waiting.len > 0)
        return nl_postgres_join_commit(store, err);
    PGresult *result = PQexec(link->connection, "COMMIT");
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = nl_postgres_error(store, result, err);
    else if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
        status =
            nl_error_set(err, NL_INTERNAL, "%s: nothing was written, after a failure", store->path);
    PQclear(result);
    link->open = status != NL_OK;
    return status;
}

void nl_postgres_rollback(struct nl_store *store) {
    struct nl_postgres *link = nl_postgres(store);
    struct nl_error ignored = {0};
    nl_error_ignore(nl_postgres_flush(store, &ignored));
    nl_error_free(&ignored);
    if (!link->open)
        return;
    PQclear(PQexec(link->connection, "ROLLBACK"));
    link->open = false;
}

/* The files that libpq reads when it connects, named in the URL, the environment or a
 * file of services. */
void nl_postgres_confine(struct nl_store *store, nl_store_visit_path *visit, void *ctx) {
    static const char *const keys[] = {"passfile",    "sslcert", "sslkey",
                                       "sslrootcert", "sslcrl",  "sslcrldir"};
    PQconninfoOption *options = PQconninfo(nl_postgres(store)->connection);
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++)
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (strcmp(option->keyword, keys[i]) == 0 && option->val != NULL)
                visit(option->val, false, ctx);
    PQconninfoFree(options);
}
