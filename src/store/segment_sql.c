#include "store/segment_sql.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Each field in the database. People who gave no language read the list's. */
static const char *const columns[] = {
    [NL_FIELD_EMAIL] = "r.address_key",
    [NL_FIELD_DOMAIN] = ("replace(r.address_key, rtrim(r.address_key, "
                         "replace(r.address_key, '@', '')), '')"),
    [NL_FIELD_NAME] = "r.name",
    [NL_FIELD_LANGUAGE] =
        "coalesce(r.language, (SELECT l.language FROM list l WHERE l.id = s.list))",
    [NL_FIELD_SOURCE] = "s.consent_source",
    [NL_FIELD_JOINED] = "s.confirmed_at",
};

static const char *const signs[] = {
    [NL_TEST_EQUAL] = "=",   [NL_TEST_UNEQUAL] = "IS DISTINCT FROM",
    [NL_TEST_LESS] = "<",    [NL_TEST_LESS_EQUAL] = "<=",
    [NL_TEST_GREATER] = ">", [NL_TEST_GREATER_EQUAL] = ">=",
};

/* ---- attributes ---- */

/* Nothing in it needs quoting, and two names never differ by case alone. */
static bool is_simple(const char *name) {
    enum { LONGEST = 32 };
    return nl_text_is_name(name, "_", LONGEST) &&
           strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
}

enum nl_segment_index nl_segment_index_of(const struct nl_segment *test) {
    if (test->kind != NL_SEGMENT_TEST || test->field != NL_FIELD_ATTRIBUTE ||
        !is_simple(test->attribute))
        return NL_INDEX_NONE;
    switch (test->test) {
    case NL_TEST_IN:
        return NL_INDEX_TEXTS;
    case NL_TEST_EQUAL:
    case NL_TEST_LESS:
    case NL_TEST_LESS_EQUAL:
    case NL_TEST_GREATER:
    case NL_TEST_GREATER_EQUAL:
        return test->values[0].is_number ? NL_INDEX_NUMBERS : NL_INDEX_TEXTS;
    default:
        return NL_INDEX_NONE;
    }
}

void nl_segment_index_name(enum nl_segment_index index, const char *attribute, struct nl_buf *out) {
    nl_buf_addf(out, "subscriber_%s_%s", index == NL_INDEX_NUMBERS ? "number" : "attribute",
                attribute);
}

/* The SQL of an attribute of a simple name. */
static void add_simple(const struct nl_store *store, const char *column, const char *name,
                       struct nl_buf *sql) {
    nl_buf_addf(sql, "%s(%s, '$.\"%s\"')", nl_sql_dialect(store)->attribute, column, name);
}

/* Appends the condition that the SQL `column` is a number. */
static void add_is_number(const char *column, struct nl_buf *sql) {
    nl_buf_addf(sql, "coalesce(%s, '') <> '' AND ltrim(%s, '+-.0123456789') = ''", column, column);
}

void nl_segment_index_sql(const struct nl_store *store, enum nl_segment_index index,
                          const char *attribute, struct nl_buf *sql) {
    const struct nl_dialect *dialect = nl_sql_dialect(store);
    struct nl_buf column = {0};
    add_simple(store, "attributes", attribute, &column);
    const char *text = nl_buf_text(&column);
    nl_buf_adds(sql, "CREATE INDEX IF NOT EXISTS ");
    nl_segment_index_name(index, attribute, sql);
    if (index == NL_INDEX_NUMBERS) {
        nl_buf_addf(sql, " ON subscriber ((%s%s%s)) WHERE ", dialect->number_from, text,
                    dialect->number_end);
        add_is_number(text, sql);
    } else {
        nl_buf_addf(sql, " ON subscriber (lower(%s)) WHERE lower(%s) IS NOT NULL", text, text);
    }
    nl_buf_free(&column);
}

struct writer {
    const struct nl_store *store;
    struct nl_query *query;
    bool indexed;
};

/* ---- values, in the order in which they stand in the SQL ---- */

static void add_path(const struct nl_segment *test, struct writer *writer) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "$.\"%s\"", test->attribute);
    nl_query_own(writer->query, nl_buf_take(&path));
}

/* The column of a test, which has a parameter if it is an attribute of a name that is not simple.
 */
static void add_column(const struct nl_segment *test, struct writer *writer) {
    if (test->field != NL_FIELD_ATTRIBUTE) {
        nl_buf_adds(&writer->query->sql, columns[test->field]);
    } else if (writer->indexed && is_simple(test->attribute)) {
        add_simple(writer->store, "r.attributes", test->attribute, &writer->query->sql);
    } else {
        nl_buf_adds(&writer->query->sql, "json_extract(r.attributes, ?)");
        add_path(test, writer);
    }
}

static void add_lower(const struct nl_segment *test, struct writer *writer) {
    nl_buf_adds(&writer->query->sql, "lower(");
    add_column(test, writer);
    nl_buf_adds(&writer->query->sql, ")");
}

/* In lower case as lower() makes it of columns: ASCII only. */
static void add_text(const char *text, struct writer *writer) {
    char *lower = nl_strdup(text);
    for (char *p = lower; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    nl_buf_adds(&writer->query->sql, "?");
    nl_query_own(writer->query, lower);
}

/* ---- tests ---- */

static void add_known(const struct nl_segment *test, bool known, struct writer *writer) {
    if (test->field == NL_FIELD_JOINED) {
        nl_buf_addf(&writer->query->sql, "%s IS %sNULL", columns[test->field], known ? "NOT " : "");
        return;
    }
    nl_buf_adds(&writer->query->sql, "coalesce(");
    add_column(test, writer);
    nl_buf_addf(&writer->query->sql, ", '') %s ''", known ? "<>" : "=");
}

/* A list of values is an array, or one text with commas. */
static void add_has(const struct nl_segment *test, struct writer *writer) {
    const char *value = test->values[0].text;
    if (test->field == NL_FIELD_ATTRIBUTE) {
        nl_buf_adds(&writer->query->sql, "EXISTS (SELECT 1 FROM json_each(r.attributes, ?) e WHERE "
                                         "lower(e.value) = ");
        add_path(test, writer);
        add_text(value, writer);
        nl_buf_adds(&writer->query->sql, ") OR ");
    }
    nl_buf_adds(&writer->query->sql, "instr(',' || replace(");
    add_lower(test, writer);
    nl_buf_adds(&writer->query->sql, ", ', ', ',') || ',', ',' || ");
    add_text(value, writer);
    nl_buf_adds(&writer->query->sql, " || ',') > 0");
}

static void add_in(const struct nl_segment *test, struct writer *writer) {
    add_lower(test, writer);
    for (size_t i = 0; i < test->value_count; i++) {
        nl_buf_adds(&writer->query->sql, i == 0 ? " IN (" : ", ");
        add_text(test->values[i].text, writer);
    }
    nl_buf_adds(&writer->query->sql, ")");
}

static void add_time(const struct nl_segment *test, struct writer *writer) {
    add_column(test, writer);
    nl_buf_addf(&writer->query->sql, " %s ?", signs[test->test]);
    nl_query_add(writer->query, NL_VALUES(NL_INT(test->values[0].number)));
}

/* An attribute that is not a number equals none and is neither more nor less than one, rather than
 * being 0. */
static void add_number(const struct nl_segment *test, struct writer *writer) {
    const struct nl_dialect *dialect = nl_sql_dialect(writer->store);
    bool unequal = test->test == NL_TEST_UNEQUAL;
    nl_buf_addf(&writer->query->sql, "%s(coalesce(", unequal ? "NOT " : "");
    add_column(test, writer);
    nl_buf_adds(&writer->query->sql, ", '') <> '' AND ltrim(");
    add_column(test, writer);
    nl_buf_addf(&writer->query->sql, ", '+-.0123456789') = '' AND %s", dialect->number_from);
    add_column(test, writer);
    nl_buf_addf(&writer->query->sql, "%s %s %s?%s)", dialect->number_end,
                unequal ? "=" : signs[test->test], dialect->number_from, dialect->number_end);
    nl_query_add(writer->query, NL_VALUES(NL_STRING(test->values[0].text)));
}

static void add_comparison(const struct nl_segment *test, struct writer *writer) {
    bool same = test->test == NL_TEST_EQUAL || test->test == NL_TEST_UNEQUAL;
    if (test->field == NL_FIELD_JOINED) {
        add_time(test, writer);
    } else if (test->field == NL_FIELD_ATTRIBUTE && test->values[0].is_number) {
        add_number(test, writer);
    } else if (test->field == NL_FIELD_LANGUAGE && same) { /* "ru" is also who reads ru-KZ */
        nl_buf_adds(&writer->query->sql, "instr(");
        add_lower(test, writer);
        nl_buf_adds(&writer->query->sql, " || '-', ");
        add_text(test->values[0].text, writer);
        nl_buf_addf(&writer->query->sql, " || '-') %s 1", test->test == NL_TEST_EQUAL ? "=" : "<>");
    } else {
        add_lower(test, writer);
        nl_buf_addf(&writer->query->sql, " %s ", signs[test->test]);
        add_text(test->values[0].text, writer);
    }
}

static void add_test(const struct nl_segment *test, struct writer *writer) {
    switch (test->test) {
    case NL_TEST_KNOWN:
    case NL_TEST_UNKNOWN:
        add_known(test, test->test == NL_TEST_KNOWN, writer);
        break;
    case NL_TEST_HOLDS:
        nl_buf_adds(&writer->query->sql, "instr(");
        add_lower(test, writer);
        nl_buf_adds(&writer->query->sql, ", ");
        add_text(test->values[0].text, writer);
        nl_buf_adds(&writer->query->sql, ") > 0");
        break;
    case NL_TEST_HAS:
        add_has(test, writer);
        break;
    case NL_TEST_IN:
        add_in(test, writer);
        break;
    default:
        add_comparison(test, writer);
        break;
    }
}

static void add_node(const struct nl_segment *segment, struct writer *writer) {
    nl_buf_adds(&writer->query->sql, segment->kind == NL_SEGMENT_NOT ? "(NOT coalesce(" : "(");
    if (segment->kind == NL_SEGMENT_TEST) {
        add_test(segment, writer);
    } else {
        add_node(segment->left, writer);
        if (segment->right != NULL) {
            nl_buf_adds(&writer->query->sql, segment->kind == NL_SEGMENT_AND ? " AND " : " OR ");
            add_node(segment->right, writer);
        }
    }
    /* An unknown attribute compares as false, so NOT of it is true. */
    nl_buf_adds(&writer->query->sql, segment->kind == NL_SEGMENT_NOT ? ", FALSE))" : ")");
}

void nl_segment_add(const struct nl_store *store, const struct nl_segment *segment, bool indexed,
                    struct nl_query *query) {
    struct writer writer = {store, query, indexed};
    if (segment == NULL)
        return;
    nl_buf_adds(&query->sql, " AND ");
    add_node(segment, &writer);
}
