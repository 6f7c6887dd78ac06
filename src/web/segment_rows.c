#include "web/segment_rows.h"

#include "newsletter/base/segment.h"

#include <stdlib.h>
#include <string.h>

const char *const nl_segment_fields[] = {"email",  "domain", "name",      "language",
                                         "source", "joined", "attribute", NULL};
/* In the order of enum nl_segment_test, without "in". */
const char *const nl_segment_tests[] = {
    "=", "!=", "<", "<=", ">", ">=", "~", "has", "known", "unknown", NULL};

static bool is_one_of(const char *word, const char *const *words) {
    for (; *words != NULL; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

static bool is_known_test(const char *test) {
    return strcmp(test, "known") == 0 || strcmp(test, "unknown") == 0;
}

/* ---- from rows ---- */

static bool is_filled(const struct nl_segment_row *row) {
    return row->field[0] != '\0' && (row->value[0] != '\0' || is_known_test(row->test)) &&
           (strcmp(row->field, "attribute") != 0 || row->attribute[0] != '\0');
}

static bool is_number(const char *text) {
    char *end = NULL;
    size_t len = strlen(text);
    if (len == 0 || strspn(text, "-.0123456789") != len)
        return false;
    strtod(text, &end);
    return *end == '\0';
}

static void add_quoted(struct nl_buf *out, const char *text) {
    nl_buf_addc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *text);
    }
    nl_buf_addc(out, '"');
}

/* "<" compares numbers where the value is one, so it goes without quotes. */
static void add_value(struct nl_buf *out, const struct nl_segment_row *row) {
    bool compares = row->test[0] == '<' || row->test[0] == '>';
    if (compares && strcmp(row->field, "attribute") == 0 && is_number(row->value))
        nl_buf_adds(out, row->value);
    else
        add_quoted(out, row->value);
}

static void add_row(struct nl_buf *out, const struct nl_segment_row *row) {
    if (strcmp(row->field, "attribute") == 0)
        nl_buf_addf(out, "%s%s", is_one_of(row->attribute, nl_segment_fields) ? "attribute." : "",
                    row->attribute);
    else
        nl_buf_adds(out, row->field);
    nl_buf_addf(out, is_known_test(row->test) ? " is %s" : " %s ", row->test);
    if (!is_known_test(row->test))
        add_value(out, row);
}

/* The name of an attribute is not an expression of its own. */
static bool is_attribute(const char *name) {
    for (; *name != '\0'; name++)
        if (strchr(" \t\r\n\"'()=!<>~,\\", *name) != NULL)
            return false;
    return true;
}

enum nl_status nl_segment_from_rows(const struct nl_segment_row *rows, size_t count, bool any,
                                    struct nl_buf *out, struct nl_error *err) {
    size_t begin = out->len;
    for (size_t i = 0; i < count; i++) {
        if (!is_filled(&rows[i]))
            continue;
        if (!is_one_of(rows[i].field, nl_segment_fields) ||
            !is_one_of(rows[i].test, nl_segment_tests))
            return nl_error_set(err, NL_DATA, "'%s %s' is not a condition", rows[i].field,
                                rows[i].test);
        if (strcmp(rows[i].field, "attribute") == 0 && !is_attribute(rows[i].attribute))
            return nl_error_set(err, NL_DATA, "'%s' is not the name of an attribute",
                                rows[i].attribute);
        if (out->len > begin)
            nl_buf_adds(out, any ? " or " : " and ");
        add_row(out, &rows[i]);
    }
    return NL_OK;
}

/* ---- to rows ---- */

struct unrolling {
    const struct nl_segment *tests[NL_SEGMENT_ROWS];
    size_t count;
    enum nl_segment_kind kind; /* that joins the tests; NL_SEGMENT_TEST: none yet */
    bool fits;
};

/* A chain of one kind, whose right ends are tests. */
static void unroll(const struct nl_segment *segment, struct unrolling *out) {
    out->fits = true;
    out->kind = NL_SEGMENT_TEST;
    for (; segment != NULL && out->fits; segment = segment->left) {
        bool joins = segment->kind == NL_SEGMENT_AND || segment->kind == NL_SEGMENT_OR;
        const struct nl_segment *test = joins ? segment->right : segment;
        if (joins && out->kind != NL_SEGMENT_TEST && segment->kind != out->kind)
            out->fits = false;
        if (joins)
            out->kind = segment->kind;
        if (test->kind != NL_SEGMENT_TEST || out->count == NL_SEGMENT_ROWS)
            out->fits = false;
        else
            out->tests[out->count++] = test;
        if (!joins)
            break;
    }
}

/* A value that is not written so in the expression, such as the day of "30 days ago", would not be
 * what the author wrote. */
static bool is_simple(const struct nl_segment *test, const char *expression) {
    return test->test != NL_TEST_IN &&
           (test->value_count == 0 ||
            (test->value_count == 1 && strstr(expression, test->values[0].text) != NULL));
}

/* Appends a text with its end, and returns where it begins. */
static size_t keep(struct nl_buf *words, const char *text) {
    size_t at = words->len;
    nl_buf_add(words, text, strlen(text) + 1);
    return at;
}

static const char *word_of_test(enum nl_segment_test test) {
    return nl_segment_tests[test < NL_TEST_IN ? test : test - 1];
}

void nl_segment_to_rows(const char *expression, struct nl_segment_row rows[NL_SEGMENT_ROWS],
                        size_t *count, bool *any, struct nl_buf *words) {
    struct unrolling found = {.count = 0};
    struct nl_segment *segment = NULL;
    size_t at[NL_SEGMENT_ROWS][2] = {{0}};
    *count = 0;
    *any = false;
    if (nl_segment_parse(expression, 0, &segment, NULL) != NL_OK)
        return;
    unroll(segment, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct nl_segment *test = found.tests[found.count - 1 - i];
        found.fits = found.fits && is_simple(test, expression);
        at[i][0] = keep(words, test->attribute != NULL ? test->attribute : "");
        at[i][1] = keep(words, found.fits && test->value_count > 0 ? test->values[0].text : "");
        rows[i] = (struct nl_segment_row){.field = nl_segment_fields[test->field],
                                          .test = word_of_test(test->test)};
    }
    for (size_t i = 0; found.fits && i < found.count; i++) {
        rows[i].attribute = nl_buf_text(words) + at[i][0];
        rows[i].value = nl_buf_text(words) + at[i][1];
    }
    *count = found.fits ? found.count : 0;
    *any = found.kind == NL_SEGMENT_OR;
    nl_segment_free(segment);
}
