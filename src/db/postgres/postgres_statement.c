#include "db/postgres/postgres.h"
#include "newsletter/base/memory.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_LIMIT = 4096 };

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

enum nl_status nl_postgres_prepare(struct nl_store *store, const char *sql, bool insert,
                                   void **handle, struct nl_error *err) {
    (void)err;
    struct nl_postgres_statement *statement = nl_calloc(1, sizeof *statement);
    statement->row = -1;
    statement->link = nl_postgres(store);
    nl_postgres_translate(sql, store->part, insert, &statement->sql);
    *handle = statement;
    return NL_OK;
}

static void fill_parameters(struct nl_postgres_parameters *parameters,
                            const struct nl_value *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct nl_value *value = &values[i];
        parameters->formats[i] = NL_POSTGRES_BINARY;
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

enum nl_status nl_postgres_parameters(struct nl_postgres_parameters *out,
                                      const struct nl_value *values, size_t count,
                                      struct nl_error *err) {
    size_t each = sizeof *out->numbers + sizeof *out->data + sizeof *out->types +
                  sizeof *out->lengths + sizeof *out->formats;
    out->numbers = count <= VALUES_LIMIT ? nl_calloc(count + 1, each) : NULL;
    if (out->numbers == NULL)
        return nl_error_nomem(err);
    out->data = (const char **)(void *)(out->numbers + count);
    out->types = (Oid *)(void *)(out->data + count);
    out->lengths = (int *)(out->types + count);
    out->formats = out->lengths + count;
    fill_parameters(out, values, count);
    return NL_OK;
}

void nl_postgres_name(struct nl_postgres *link, struct nl_postgres_statement *statement) {
    snprintf(statement->name, sizeof statement->name, "s%llu",
             (unsigned long long)++link->statements);
}

/* A statement that runs once, as most do in a command, takes one round trip; from the second time
 * on the server has its plan. */
static PGresult *execute(struct nl_postgres *link, struct nl_postgres_statement *statement,
                         const struct nl_postgres_parameters *parameters, int count) {
    bool first = !statement->used;
    statement->used = true;
    if (first)
        return PQexecParams(link->connection, nl_buf_text(&statement->sql), count,
                            parameters->types, parameters->data, parameters->lengths,
                            parameters->formats, NL_POSTGRES_BINARY);
    if (statement->session != link->sessions) {
        nl_postgres_name(link, statement);
        PGresult *prepared = PQprepare(link->connection, statement->name,
                                       nl_buf_text(&statement->sql), count, parameters->types);
        if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
            return prepared;
        PQclear(prepared);
        statement->session = link->sessions;
    }
    return PQexecPrepared(link->connection, statement->name, count, parameters->data,
                          parameters->lengths, parameters->formats, NL_POSTGRES_BINARY);
}

static bool is_known_type(Oid type) {
    static const Oid known[] = {BOOL, BYTEA, INT8, INT2, INT4, TEXT, FLOAT8, VARCHAR};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == type)
            return true;
    return false;
}

/* Whether we can read the columns that came. If not, one of our statements lacks a CAST. */
static enum nl_status check_types(const struct nl_postgres_statement *statement,
                                  struct nl_error *err) {
    for (int i = 0; i < PQnfields(statement->result); i++)
        if (!is_known_type(PQftype(statement->result, i)))
            return nl_error_set(err, NL_INTERNAL, "column %d is of type %u in: %s", i,
                                PQftype(statement->result, i), nl_buf_text(&statement->sql));
    return NL_OK;
}

enum nl_status nl_postgres_judge(struct nl_store *store, struct nl_postgres_statement *statement,
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
    struct nl_postgres_statement *statement = handle;
    struct nl_postgres_parameters parameters = {0};
    nl_postgres_reset(statement);
    enum nl_status status = nl_postgres_parameters(&parameters, values, count, err);
    if (status == NL_OK)
        status = nl_postgres_ensure(store, err);
    if (status == NL_OK && nl_postgres(store)->waiting.len > 0) {
        status = nl_postgres_join(store, statement, &parameters, (int)count, err);
    } else if (status == NL_OK) {
        statement->result = execute(nl_postgres(store), statement, &parameters, (int)count);
        status = nl_postgres_judge(store, statement, err);
    }
    free(parameters.numbers);
    return status;
}

/* ---- reading ---- */

enum nl_status nl_postgres_step(struct nl_store *store, void *handle, bool *row,
                                struct nl_error *err) {
    struct nl_postgres_statement *statement = handle;
    (void)store;
    (void)err;
    *row = ++statement->row < PQntuples(statement->result);
    return NL_OK;
}

void nl_postgres_reset(void *handle) {
    struct nl_postgres_statement *statement = handle;
    PQclear(statement->result);
    statement->result = NULL;
    statement->row = -1;
}

void nl_postgres_finalize(void *handle) {
    struct nl_postgres_statement *statement = handle;
    if (statement->session != 0 && statement->session == statement->link->sessions)
        nl_buf_addf(&statement->link->dropped, "DEALLOCATE %s;", statement->name);
    nl_postgres_reset(statement);
    nl_buf_free(&statement->sql);
    free(statement);
}

/* After the connection was lost, the server knows none of them: that is not a failure. */
void nl_postgres_drop_statements(struct nl_postgres *link) {
    if (link->dropped.len > 0)
        PQclear(PQexec(link->connection, nl_buf_text(&link->dropped)));
    nl_buf_free(&link->dropped);
}

int64_t nl_postgres_inserted(struct nl_store *store, void *handle) {
    struct nl_postgres_statement *statement = handle;
    (void)store;
    statement->row = 0;
    return nl_postgres_number(handle, 0);
}

/* ---- columns ---- */

/* NULL where there is no row, or the column is NULL. */
static const char *value_of(const struct nl_postgres_statement *statement, int column) {
    bool there = statement->row >= 0 && statement->row < PQntuples(statement->result) &&
                 !PQgetisnull(statement->result, statement->row, column);
    return there ? PQgetvalue(statement->result, statement->row, column) : NULL;
}

bool nl_postgres_is_null(void *handle, int column) {
    return value_of(handle, column) == NULL;
}

int64_t nl_postgres_number(void *handle, int column) {
    const struct nl_postgres_statement *statement = handle;
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
    const struct nl_postgres_statement *statement = handle;
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
    const struct nl_postgres_statement *statement = handle;
    const char *value = value_of(statement, column);
    *len = value != NULL ? (size_t)PQgetlength(statement->result, statement->row, column) : 0;
    return value;
}
