#include "store/segment.h"

#include <string.h>

/* What each field is in the database. Who has told no language reads the list's. */
static const char *const columns[] = {
    [NL_FIELD_EMAIL] = "r.address_key",
    [NL_FIELD_DOMAIN] = ("replace(r.address_key, rtrim(r.address_key, "
                         "replace(r.address_key, '@', '')), '')"),
    [NL_FIELD_NAME] = "r.name",
    [NL_FIELD_LANGUAGE] =
        "coalesce(r.language, (SELECT l.language FROM list l WHERE l.id = s.list))",
    [NL_FIELD_SOURCE] = "s.consent_source",
    [NL_FIELD_JOINED] = "s.confirmed_at",
    [NL_FIELD_ATTRIBUTE] = "json_extract(r.attributes, ?)",
};

static const char *const signs[] = {
    [NL_TEST_EQUAL] = "=",       [NL_TEST_UNEQUAL] = "IS NOT", [NL_TEST_LESS] = "<",
    [NL_TEST_LESS_EQUAL] = "<=", [NL_TEST_GREATER] = ">",      [NL_TEST_GREATER_EQUAL] = ">=",
};

static void add_has(const char *column, struct nl_buf *sql) {
    /* A list of values is an array, or one text with commas. */
    nl_buf_addf(sql,
                "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(%s) AND json_type(%s) = "
                "'array' THEN %s ELSE '[]' END) WHERE value = ? COLLATE NOCASE) OR "
                "instr(',' || replace(lower(%s), ', ', ',') || ',', ',' || lower(?) || ',') > 0",
                column, column, column, column);
}

static void add_test(const struct nl_segment *test, struct nl_buf *sql) {
    const char *column = columns[test->field];
    bool number =
        test->value_count > 0 && test->values[0].is_number && test->field == NL_FIELD_ATTRIBUTE;
    switch (test->test) {
    case NL_TEST_KNOWN:
        nl_buf_addf(sql, "coalesce(%s, '') <> ''", column);
        break;
    case NL_TEST_UNKNOWN:
        nl_buf_addf(sql, "coalesce(%s, '') = ''", column);
        break;
    case NL_TEST_HOLDS:
        nl_buf_addf(sql, "instr(lower(%s), lower(?)) > 0", column);
        break;
    case NL_TEST_HAS:
        add_has(column, sql);
        break;
    case NL_TEST_IN:
        nl_buf_addf(sql, "%s COLLATE NOCASE IN (?", column);
        for (size_t i = 1; i < test->value_count; i++)
            nl_buf_adds(sql, ", ?");
        nl_buf_adds(sql, ")");
        break;
    default:
        /* "ru" is also who reads ru-KZ. */
        if (test->field == NL_FIELD_LANGUAGE && test->test == NL_TEST_EQUAL)
            nl_buf_addf(sql, "(%s || '-') LIKE (? || '-%%')", column);
        else if (test->field == NL_FIELD_LANGUAGE && test->test == NL_TEST_UNEQUAL)
            nl_buf_addf(sql, "(%s || '-') NOT LIKE (? || '-%%')", column);
        else if (number)
            nl_buf_addf(sql, "CAST(%s AS REAL) %s ?", column, signs[test->test]);
        else
            nl_buf_addf(sql, "%s %s ? COLLATE NOCASE", column, signs[test->test]);
        break;
    }
}

static void add_node(const struct nl_segment *segment, struct nl_buf *sql) {
    nl_buf_adds(sql, segment->kind == NL_SEGMENT_NOT ? "(NOT coalesce(" : "(");
    if (segment->kind == NL_SEGMENT_TEST) {
        add_test(segment, sql);
    } else {
        add_node(segment->left, sql);
        if (segment->right != NULL) {
            nl_buf_adds(sql, segment->kind == NL_SEGMENT_AND ? " AND " : " OR ");
            add_node(segment->right, sql);
        }
    }
    /* What is not known is not so: NOT of it holds. */
    nl_buf_adds(sql, segment->kind == NL_SEGMENT_NOT ? ", 0))" : ")");
}

void nl_segment_sql(const struct nl_segment *segment, struct nl_buf *sql) {
    if (segment == NULL)
        return;
    nl_buf_adds(sql, " AND ");
    add_node(segment, sql);
}

enum nl_status nl_segment_prepare(struct nl_store *store, const struct nl_buf *sql,
                                  sqlite3_stmt **out, struct nl_error *err) {
    *out = NULL;
    if (sql->failed)
        return nl_error_nomem(err);
    return sqlite3_prepare_v2(store->db, nl_buf_text(sql), (int)sql->len, out, NULL) == SQLITE_OK
               ? NL_OK
               : nl_sql_error(store, err);
}

/* How often the column of a test stands in its SQL. */
static int mentions(const struct nl_segment *test) {
    return test->test == NL_TEST_HAS ? 4 : 1;
}

static int bind_path(sqlite3_stmt *statement, int at, const char *attribute) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "$.\"%s\"", attribute);
    int rc = path.failed ? SQLITE_NOMEM
                         : sqlite3_bind_text(statement, at, nl_buf_text(&path), (int)path.len,
                                             SQLITE_TRANSIENT);
    nl_buf_free(&path);
    return rc;
}

static int bind_value(sqlite3_stmt *statement, int at, const struct nl_segment *test,
                      const struct nl_segment_value *value) {
    bool number = value->is_number &&
                  (test->field == NL_FIELD_JOINED || test->field == NL_FIELD_ATTRIBUTE) &&
                  test->test <= NL_TEST_GREATER_EQUAL;
    return number ? sqlite3_bind_int64(statement, at, value->number)
                  : sqlite3_bind_text(statement, at, value->text, -1, SQLITE_STATIC);
}

/* In the order in which add_test wrote them. */
static int bind_test(sqlite3_stmt *statement, int *at, const struct nl_segment *test) {
    int rc = SQLITE_OK;
    bool attribute = test->field == NL_FIELD_ATTRIBUTE;
    if (test->test == NL_TEST_HAS) {
        for (int i = 0; rc == SQLITE_OK && attribute && i < mentions(test) - 1; i++)
            rc = bind_path(statement, (*at)++, test->attribute);
        if (rc == SQLITE_OK)
            rc = bind_value(statement, (*at)++, test, &test->values[0]);
    }
    if (rc == SQLITE_OK && attribute)
        rc = bind_path(statement, (*at)++, test->attribute);
    for (size_t i = 0; rc == SQLITE_OK && i < test->value_count; i++)
        rc = bind_value(statement, (*at)++, test, &test->values[i]);
    return rc;
}

static int bind_node(sqlite3_stmt *statement, int *at, const struct nl_segment *segment) {
    if (segment->kind == NL_SEGMENT_TEST)
        return bind_test(statement, at, segment);
    int rc = bind_node(statement, at, segment->left);
    return rc == SQLITE_OK && segment->right != NULL ? bind_node(statement, at, segment->right)
                                                     : rc;
}

enum nl_status nl_segment_bind(struct nl_store *store, sqlite3_stmt *statement, int at,
                               const struct nl_segment *segment, struct nl_error *err) {
    if (segment == NULL)
        return NL_OK;
    return bind_node(statement, &at, segment) == SQLITE_OK ? NL_OK : nl_sql_error(store, err);
}
