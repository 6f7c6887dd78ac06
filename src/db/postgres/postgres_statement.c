#include "db/postgres/postgres.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_LIMIT = 4096, BINARY = 1 };

/* The type numbers in the server's catalogue, which never change. */
enum {
    BOOL = 16,
    BYTEA = 17,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    FLOAT8 = 701,
    VARCHAR = 1043
};

struct statement {
    struct nl_buf sql; /* translated */
    char name[24];
    uint64_t session; /* in which it is prepared; 0: in none */
    bool used;        /* once, at least: from then on it is worth preparing */
    PGresult *result;
    int row;
};

enum nl_status nl_postgres_prepare(struct nl_store *store, const char *sql, bool insert,
                                   void **handle, struct nl_error *err) {
    struct statement *statement = calloc(1, sizeof *statement);
    (void)store;
    if (statement == NULL)
        return nl_error_nomem(err);
    statement->row = -1;
    nl_postgres_translate(sql, insert, &statement->sql);
    if (statement->sql.failed) {
        nl_postgres_finalize(statement);
        return nl_error_nomem(err);
    }
    *handle = statement;
    return NL_OK;
}

/* The values as the protocol wants them; all in one piece of memory, which begins with `numbers`.
 */
struct parameters {
    uint64_t *numbers; /* in network order */
    const char **data;
    Oid *types;
    int *lengths, *formats;
};

static void fill_parameters(struct parameters *parameters, const struct nl_value *values,
                            size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct nl_value *value = &values[i];
        parameters->formats[i] = BINARY;
        if (value->type == 'i' || value->type == 'd') {
            uint64_t bits = (uint64_t)value->number;
            if (value->type == 'd')
                memcpy(&bits, &value->real, sizeof bits);
            parameters->types[i] = value->type == 'd' ? FLOAT8 : INT8;
            parameters->numbers[i] = htobe64(bits);
            parameters->data[i] = value->null ? NULL : (const char *)&parameters->numbers[i];
            parameters->lengths[i] = sizeof bits;
        } else {
            parameters->types[i] = value->type == 's' ? TEXT : BYTEA;
            parameters->data[i] = value->data;
            parameters->lengths[i] =
                (int)(value->type == 's' && value->data != NULL ? strlen(value->data) : value->len);
        }
    }
}

/* To be freed by its `numbers`. */
static enum nl_status make_parameters(struct parameters *out, const struct nl_value *values,
                                      size_t count, struct nl_error *err) {
    size_t each = sizeof *out->numbers + sizeof *out->data + sizeof *out->types +
                  sizeof *out->lengths + sizeof *out->formats;
    out->numbers = count <= VALUES_LIMIT ? calloc(count + 1, each) : NULL;
    if (out->numbers == NULL)
        return nl_error_nomem(err);
    out->data = (const char **)(void *)(out->numbers + count);
    out->types = (Oid *)(void *)(out->data + count);
    out->lengths = (int *)(out->types + count);
    out->formats = out->lengths + count;
    fill_parameters(out, values, count);
    return NL_OK;
}

static void name_statement(struct nl_postgres *link, struct statement *statement) {
    snprintf(statement->name, sizeof statement->name, "s%llu",
             (unsigned long long)++link->statements);
}

/* A statement that runs once, as most do in a command, takes one round trip; from the second time
 * on the server has its plan. */
static PGresult *execute(struct nl_postgres *link, struct statement *statement,
                         const struct parameters *parameters, int count) {
    bool first = !statement->used;
    statement->used = true;
    if (first)
        return PQexecParams(link->connection, nl_buf_text(&statement->sql), count,
                            parameters->types, parameters->data, parameters->lengths,
                            parameters->formats, BINARY);
    if (statement->session != link->sessions) {
        name_statement(link, statement);
        PGresult *prepared = PQprepare(link->connection, statement->name,
                                       nl_buf_text(&statement->sql), count, parameters->types);
        if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
            return prepared;
        PQclear(prepared);
        statement->session = link->sessions;
    }
    return PQexecPrepared(link->connection, statement->name, count, parameters->data,
                          parameters->lengths, parameters->formats, BINARY);
}

static bool is_known_type(Oid type) {
    static const Oid known[] = {BOOL, BYTEA, INT8, INT2, INT4, TEXT, FLOAT8, VARCHAR};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == type)
            return true;
    return false;
}

/* Whether we can read the columns that came. If not, one of our statements lacks a CAST. */
static enum nl_status check_types(const struct statement *statement, struct nl_error *err) {
    for (int i = 0; i < PQnfields(statement->result); i++)
        if (!is_known_type(PQftype(statement->result, i)))
            return nl_error_set(err, NL_INTERNAL, "column %d is of type %u in: %s", i,
                                PQftype(statement->result, i), nl_buf_text(&statement->sql));
    return NL_OK;
}

static enum nl_status judge(struct nl_store *store, struct statement *statement,
                            struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    ExecStatusType outcome = PQresultStatus(statement->result);
    if (outcome != PGRES_COMMAND_OK && outcome != PGRES_TUPLES_OK)
        return nl_postgres_error(store, statement->result, err);
    if (strncmp(PQcmdStatus(statement->result), "SELECT", 6) != 0)
        link->changes = strtoll(PQcmdTuples(statement->result), NULL, 10);
    return check_types(statement, err);
}

enum nl_status nl_postgres_bind(struct nl_store *store, void *handle, const struct nl_value *values,
                                size_t count, struct nl_error *err) {
    struct statement *statement = handle;
    struct parameters parameters = {0};
    nl_postgres_reset(statement);
    enum nl_status status = make_parameters(&parameters, values, count, err);
    if (status == NL_OK)
        status = nl_postgres_ensure(store, err);
    if (status == NL_OK) {
        statement->result = execute(nl_postgres(store), statement, &parameters, (int)count);
        status = judge(store, statement, err);
    }
    free(parameters.numbers);
    return status;
}

/* ---- many at once ---- */

/* libpq's pipeline: one round trip for all. The statements are prepared on their way. */
enum nl_status nl_postgres_batch_begin(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = nl_postgres_ensure(store, err);
    link->batch = 0;
    if (status == NL_OK && PQenterPipelineMode(link->connection) != 1)
        status = nl_postgres_error(store, NULL, err);
    return status;
}

static bool send_statement(struct nl_postgres *link, struct statement *statement,
                           const struct parameters *parameters, int count) {
    if (statement->session != link->sessions) {
        name_statement(link, statement);
        if (PQsendPrepare(link->connection, statement->name, nl_buf_text(&statement->sql), count,
                          parameters->types) != 1)
            return false;
        statement->session = link->sessions;
        link->batch++;
    }
    link->batch++;
    return PQsendQueryPrepared(link->connection, statement->name, count, parameters->data,
                               parameters->lengths, parameters->formats, BINARY) == 1;
}

enum nl_status nl_postgres_batch_add(struct nl_store *store, void *handle,
                                     const struct nl_value *values, size_t count,
                                     struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    struct parameters parameters = {0};
    enum nl_status status = make_parameters(&parameters, values, count, err);
    if (status == NL_OK && !send_statement(link, handle, &parameters, (int)count))
        status = nl_postgres_error(store, NULL, err);
    free(parameters.numbers);
    return status;
}

/* Reads the result of each statement. The first failure is reported; later ones follow from it. */
static enum nl_status read_batch(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = NL_OK;
    for (; link->batch > 0; link->batch--) {
        PGresult *result = PQgetResult(link->connection);
        if (PQresultStatus(result) != PGRES_COMMAND_OK && status == NL_OK)
            status = nl_postgres_error(store, result, err);
        PQclear(result);
        PQclear(PQgetResult(link->connection)); /* the end of this one: NULL */
    }
    PQclear(PQgetResult(link->connection)); /* PGRES_PIPELINE_SYNC */
    return status;
}

enum nl_status nl_postgres_batch_end(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    if (PQpipelineStatus(link->connection) == PQ_PIPELINE_OFF)
        return NL_OK;
    enum nl_status status = PQpipelineSync(link->connection) == 1
                                ? read_batch(store, err)
                                : nl_postgres_error(store, NULL, err);
    if (PQexitPipelineMode(link->connection) != 1 && status == NL_OK)
        status = nl_postgres_error(store, NULL, err);
    if (status != NL_OK)
        link->sessions++; /* statements after the failure were not prepared: prepare all again */
    return status;
}

/* ---- reading ---- */

enum nl_status nl_postgres_step(struct nl_store *store, void *handle, bool *row,
                                struct nl_error *err) {
    struct statement *statement = handle;
    (void)store;
    (void)err;
    *row = ++statement->row < PQntuples(statement->result);
    return NL_OK;
}

void nl_postgres_reset(void *handle) {
    struct statement *statement = handle;
    PQclear(statement->result);
    statement->result = NULL;
    statement->row = -1;
}

void nl_postgres_finalize(void *handle) {
    struct statement *statement = handle;
    nl_postgres_reset(statement);
    nl_buf_free(&statement->sql);
    free(statement);
}

int64_t nl_postgres_inserted(struct nl_store *store, void *handle) {
    struct statement *statement = handle;
    (void)store;
    statement->row = 0;
    return nl_postgres_number(handle, 0);
}

/* ---- columns ---- */

/* NULL where there is no row, or the column is NULL. */
static const char *value_of(const struct statement *statement, int column) {
    bool there = statement->row >= 0 && statement->row < PQntuples(statement->result) &&
                 !PQgetisnull(statement->result, statement->row, column);
    return there ? PQgetvalue(statement->result, statement->row, column) : NULL;
}

bool nl_postgres_is_null(void *handle, int column) {
    return value_of(handle, column) == NULL;
}

int64_t nl_postgres_number(void *handle, int column) {
    const struct statement *statement = handle;
    const char *value = value_of(statement, column);
    uint64_t eight = 0;
    uint32_t four = 0;
    uint16_t two = 0;
    if (value == NULL)
        return 0;
    switch (PQftype(statement->result, column)) {
    case BOOL:
        return *value != 0;
    case INT8:
        memcpy(&eight, value, sizeof eight);
        return (int64_t)be64toh(eight);
    case INT4:
        memcpy(&four, value, sizeof four);
        return (int32_t)be32toh(four);
    case INT2:
        memcpy(&two, value, sizeof two);
        return (int16_t)be16toh(two);
    case FLOAT8:
        return (int64_t)nl_postgres_real(handle, column);
    default:
        return strtoll(value, NULL, 10);
    }
}

double nl_postgres_real(void *handle, int column) {
    const struct statement *statement = handle;
    const char *value = value_of(statement, column);
    uint64_t bits = 0;
    double number = 0;
    if (value == NULL || PQftype(statement->result, column) != FLOAT8)
        return (double)nl_postgres_number(handle, column);
    memcpy(&bits, value, sizeof bits);
    bits = be64toh(bits);
    memcpy(&number, &bits, sizeof number);
    return number;
}

const char *nl_postgres_text(void *handle, int column) {
    return value_of(handle, column);
}

const void *nl_postgres_bytes(void *handle, int column, size_t *len) {
    const struct statement *statement = handle;
    const char *value = value_of(statement, column);
    *len = value != NULL ? (size_t)PQgetlength(statement->result, statement->row, column) : 0;
    return value;
}
