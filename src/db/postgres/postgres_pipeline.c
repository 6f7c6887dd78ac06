/* Statements that travel together: libpq's pipeline. They are prepared on their way. */
#include "db/postgres/postgres.h"

#include "db/statement.h"

#include <stdlib.h>
#include <string.h>

enum kind { PREPARES, SETS, BEGINS, TELLS_TIME, RUNS, JOINS, COMMITS };

/* One reply that is expected. */
struct waiting {
    enum kind kind;
    struct nl_postgres_statement *statement; /* RUNS with `each`, JOINS */
    nl_sql_visit *each;
    void *context;
};

static enum nl_status enter(struct nl_store *store, struct nl_error *err) {
    const struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = nl_postgres_ensure(store, err);
    if (status != NL_OK || PQpipelineStatus(link->connection) != PQ_PIPELINE_OFF)
        return status;
    return PQenterPipelineMode(link->connection) == 1 ? NL_OK : nl_postgres_error(store, NULL, err);
}

/* Notes that what was `sent` will be replied to. */
static enum nl_status expect(struct nl_store *store, bool sent, const struct waiting *reply,
                             struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    if (!sent)
        return nl_postgres_error(store, NULL, err);
    nl_buf_add(&link->waiting, reply, sizeof *reply);
    return NL_OK;
}

static enum nl_status send_words(struct nl_store *store, const char *sql, enum kind kind,
                                 struct nl_error *err) {
    bool sent =
        PQsendQueryParams(nl_postgres(store)->connection, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
    return expect(store, sent, &(struct waiting){.kind = kind}, err);
}

static enum nl_status send_statement(struct nl_store *store,
                                     struct nl_postgres_statement *statement,
                                     const struct nl_postgres_parameters *parameters, int count,
                                     const struct waiting *reply, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = NL_OK;
    if (statement->session != link->sessions) {
        nl_postgres_name(link, statement);
        bool sent = PQsendPrepare(link->connection, statement->name, nl_buf_text(&statement->sql),
                                  count, parameters->types) == 1;
        status = expect(store, sent, &(struct waiting){.kind = PREPARES}, err);
        if (status != NL_OK)
            return status;
        statement->session = link->sessions;
    }
    bool sent =
        PQsendQueryPrepared(link->connection, statement->name, count, parameters->data,
                            parameters->lengths, parameters->formats, NL_POSTGRES_BINARY) == 1;
    return expect(store, sent, reply, err);
}

/* ---- replies ---- */

static enum nl_status visit(struct nl_store *store, const struct waiting *reply, PGresult *result,
                            struct nl_error *err) {
    struct nl_postgres_statement *statement = reply->statement;
    struct nl_sql_row row = {store->engine, statement};
    nl_postgres_reset(statement);
    statement->result = result;
    enum nl_status status = nl_postgres_judge(store, statement, err);
    while (status == NL_OK && ++statement->row < PQntuples(statement->result))
        status = reply->each(&row, reply->context, err);
    nl_postgres_reset(statement);
    return status;
}

/* Takes over a result that is a success. */
static enum nl_status take(struct nl_store *store, const struct waiting *reply, PGresult *result,
                           struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = NL_OK;
    if (reply->kind == RUNS && reply->each != NULL)
        return visit(store, reply, result, err);
    if (reply->kind == JOINS) {
        nl_postgres_reset(reply->statement);
        reply->statement->result = result;
        return nl_postgres_judge(store, reply->statement, err);
    }
    if (reply->kind == TELLS_TIME)
        nl_postgres_set_clock(link, result);
    if (reply->kind == COMMITS) {
        link->open = strcmp(PQcmdStatus(result), "COMMIT") != 0;
        if (link->open)
            status = nl_error_set(err, NL_INTERNAL, "%s: nothing was written, after a failure",
                                  store->path);
    }
    PQclear(result);
    return status;
}

/* Reads all replies. The first failure is reported; later ones follow from it. */
static enum nl_status read_replies(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    const struct waiting *replies = (const void *)link->waiting.data;
    size_t count = link->waiting.len / sizeof *replies;
    enum nl_status status = NL_OK;
    for (size_t i = 0; i < count; i++) {
        PGresult *result = PQgetResult(link->connection);
        ExecStatusType outcome = PQresultStatus(result);
        bool failed = outcome != PGRES_COMMAND_OK && outcome != PGRES_TUPLES_OK;
        if (status == NL_OK)
            status = failed ? nl_postgres_error(store, result, err)
                            : take(store, &replies[i], result, err);
        else
            failed = true;
        if (failed)
            PQclear(result);
        PQclear(PQgetResult(link->connection)); /* the end of this one: NULL */
    }
    PQclear(PQgetResult(link->connection)); /* PGRES_PIPELINE_SYNC */
    return status;
}

enum nl_status nl_postgres_flush(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    if (PQpipelineStatus(link->connection) == PQ_PIPELINE_OFF)
        return NL_OK;
    enum nl_status status = PQpipelineSync(link->connection) == 1
                                ? read_replies(store, err)
                                : nl_postgres_error(store, NULL, err);
    nl_buf_clear(&link->waiting);
    if (PQexitPipelineMode(link->connection) != 1 && status == NL_OK)
        status = nl_postgres_error(store, NULL, err);
    if (status != NL_OK)
        link->sessions++; /* statements after the failure were not prepared: prepare all again */
    return status;
}

/* ---- what is noted ---- */

/* Turns look rows up by arrays, whose plans depend on nothing. Where arrays are short, the server
 * takes them for cheaper than what it has prepared, and plans each turn again. */
static enum nl_status plan_once(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    if (link->plans == link->sessions)
        return NL_OK;
    link->plans = link->sessions;
    return send_words(store, "SET plan_cache_mode = force_generic_plan", SETS, err);
}

/* The clock is asked for once a second. */
enum nl_status nl_postgres_begin_later(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = nl_postgres_ensure(store, err);
    if (status == NL_OK && PQpipelineStatus(link->connection) == PQ_PIPELINE_OFF)
        nl_postgres_drop_statements(link);
    if (status == NL_OK)
        status = enter(store, err);
    if (status == NL_OK)
        status = plan_once(store, err);
    if (status == NL_OK)
        status = send_words(store, "BEGIN", BEGINS, err);
    link->open = link->open || status == NL_OK;
    if (status == NL_OK && link->clock_at != nl_env_now(&nl_env_system))
        status = send_words(store, NL_POSTGRES_CLOCK, TELLS_TIME, err);
    return status;
}

enum nl_status nl_postgres_later(struct nl_store *store, void *handle,
                                 const struct nl_value *values, size_t count, nl_sql_visit *each,
                                 void *context, struct nl_error *err) {
    struct nl_postgres_parameters parameters = {0};
    const struct waiting reply = {RUNS, handle, each, context};
    enum nl_status status = nl_postgres_parameters(&parameters, values, count, err);
    if (status == NL_OK)
        status = enter(store, err);
    if (status == NL_OK)
        status = send_statement(store, handle, &parameters, (int)count, &reply, err);
    free(parameters.numbers);
    return status;
}

enum nl_status nl_postgres_join(struct nl_store *store, struct nl_postgres_statement *statement,
                                const struct nl_postgres_parameters *parameters, int count,
                                struct nl_error *err) {
    const struct waiting reply = {.kind = JOINS, .statement = statement};
    enum nl_status status = send_statement(store, statement, parameters, count, &reply, err);
    return status == NL_OK ? nl_postgres_flush(store, err) : status;
}

enum nl_status nl_postgres_join_commit(struct nl_store *store, struct nl_error *err) {
    enum nl_status status = send_words(store, "COMMIT", COMMITS, err);
    return status == NL_OK ? nl_postgres_flush(store, err) : status;
}
