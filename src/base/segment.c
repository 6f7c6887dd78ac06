#include "newsletter/base/segment.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_LIMIT = 50, VALUES_LIMIT = 100, TESTS_LIMIT = 100, COUNT_LIMIT = 100000 };

struct parser {
    const char *start, *at;
    int64_t now;
    int depth, tests;
    struct nl_error *err;
};

void nl_segment_free(struct nl_segment *segment) {
    if (segment == NULL)
        return;
    nl_segment_free(segment->left);
    nl_segment_free(segment->right);
    free(segment->attribute);
    for (size_t i = 0; i < segment->value_count; i++)
        free(segment->values[i].text);
    free(segment->values);
    free(segment);
}

static enum nl_status fail(const struct parser *parser, const char *what) {
    return nl_error_set(parser->err, NL_DATA, NL_TEXT("segment, at character %zu ('%.20s'): %s"),
                        (size_t)(parser->at - parser->start) + 1, parser->at, what);
}

/* ---- words and signs ---- */

static void skip_space(struct parser *parser) {
    parser->at += strspn(parser->at, " \t\n");
}

static size_t word_length(const char *text) {
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
}

static bool take_word(struct parser *parser, const char *word) {
    skip_space(parser);
    size_t len = word_length(parser->at);
    if (len != strlen(word) || strncasecmp(parser->at, word, len) != 0)
        return false;
    parser->at += len;
    return true;
}

static bool take_sign(struct parser *parser, const char *sign) {
    skip_space(parser);
    if (strncmp(parser->at, sign, strlen(sign)) != 0)
        return false;
    parser->at += strlen(sign);
    return true;
}

/* ---- values ---- */

/* Reads "..." or '...'. A backslash takes the next character as it is. */
static enum nl_status take_quoted(struct parser *parser, char **out) {
    struct nl_buf text = {0};
    char quote = *parser->at++;
    while (*parser->at != quote) {
        if (*parser->at == '\\' && parser->at[1] != '\0')
            parser->at++;
        if (*parser->at == '\0') {
            nl_buf_free(&text);
            return fail(parser, NL_TEXT_IN("error", "the quotation is not closed"));
        }
        nl_buf_addc(&text, *parser->at++);
    }
    parser->at++;
    *out = nl_buf_take(&text);
    return NL_OK;
}

/* Reads "30 days ago" as seconds; -1 for anything else. */
static int64_t ago(const char *text) {
    static const struct {
        const char *words[2];
        int64_t seconds;
    } units[] = {{{"day ago", "days ago"}, 86400},
                 {{"week ago", "weeks ago"}, 604800},
                 {{"month ago", "months ago"}, 2592000},
                 {{"year ago", "years ago"}, 31536000}};
    char *end = NULL;
    long long count = strtoll(text, &end, 10);
    if (end == text || *end != ' ' || count < 0 || count > COUNT_LIMIT)
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end + 1, units[i].words[0]) == 0 || strcmp(end + 1, units[i].words[1]) == 0)
            return count * units[i].seconds;
    return -1;
}

/* Reads a point in time, or a distance into the past. */
static bool read_time(const char *text, int64_t now, int64_t *out) {
    int64_t before = ago(text);
    *out = now - before;
    return before >= 0 || nl_timestamp_parse(text, out);
}

/* "-12" or "12.5". */
static bool is_decimal(const char *text) {
    text += *text == '-';
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole;
    size_t fraction = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    return whole > 0 && whole + fraction < 18 &&
           (*rest == '\0' || (fraction > 0 && rest[1 + fraction] == '\0'));
}

/* Attributes hold days as text, which compare in the order of time: "30 days ago" becomes such a
 * day. */
static void read_day(const struct parser *parser, struct nl_segment_value *value) {
    char day[NL_TIMESTAMP_LEN];
    int64_t before = ago(value->text);
    if (before < 0)
        return;
    nl_timestamp_text(parser->now - before, day);
    free(value->text);
    value->text = nl_strndup(day, strcspn(day, "T"));
}

static enum nl_status take_value(struct parser *parser, struct nl_segment *test) {
    struct nl_segment_value value = {0};
    enum nl_status status = NL_OK;
    skip_space(parser);
    if (test->value_count == VALUES_LIMIT)
        return fail(parser, NL_TEXT_IN("error", "too many values"));
    const char *start = parser->at;
    if (*parser->at == '"' || *parser->at == '\'') {
        status = take_quoted(parser, &value.text);
    } else {
        size_t len = word_length(parser->at);
        value.text = nl_strndup(parser->at, len);
        value.is_number = is_decimal(value.text);
        parser->at += len;
        if (!value.is_number) {
            parser->at = start;
            status = fail(parser,
                          NL_TEXT_IN("error", "expected a text in quotation marks, or a number"));
        }
    }
    if (status == NL_OK && test->field == NL_FIELD_JOINED) {
        value.is_number = read_time(value.text, parser->now, &value.number);
        parser->at = value.is_number ? parser->at : start;
        if (!value.is_number)
            status = fail(
                parser,
                NL_TEXT_IN("error", "expected a day such as \"2026-08-25\", or \"30 days ago\""));
    }
    if (status == NL_OK && test->field == NL_FIELD_ATTRIBUTE && !value.is_number &&
        test->test <= NL_TEST_GREATER_EQUAL)
        read_day(parser, &value);
    if (status != NL_OK) {
        free(value.text);
        return status;
    }
    test->values = nl_realloc(test->values, (test->value_count + 1) * sizeof *test->values);
    test->values[test->value_count++] = value;
    return NL_OK;
}

static enum nl_status take_values(struct parser *parser, struct nl_segment *test) {
    enum nl_status status = NL_OK;
    if (!take_sign(parser, "("))
        return fail(parser, NL_TEXT_IN("error", "expected ( and values"));
    do
        status = take_value(parser, test);
    while (status == NL_OK && take_sign(parser, ","));
    if (status == NL_OK && !take_sign(parser, ")"))
        status = fail(parser, NL_TEXT_IN("error", "expected , or )"));
    return status;
}

/* ---- tests ---- */

static enum nl_status take_field(struct parser *parser, struct nl_segment *test) {
    static const char prefix[] = "attribute.";
    static const char *const fields[] = {"email", "domain", "name", "language", "source", "joined"};
    skip_space(parser);
    size_t len = word_length(parser->at);
    const char *word = parser->at;
    if (len == 0)
        return fail(parser, NL_TEXT_IN("error", "expected the name of a field"));
    test->field = NL_FIELD_ATTRIBUTE;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strlen(fields[i]) == len && strncmp(fields[i], word, len) == 0)
            test->field = (enum nl_segment_field)i;
    if (test->field == NL_FIELD_ATTRIBUTE) {
        bool prefixed = len > sizeof prefix - 1 && strncmp(word, prefix, sizeof prefix - 1) == 0;
        size_t skip = prefixed ? sizeof prefix - 1 : 0;
        if (memchr(word + skip, '.', len - skip) != NULL)
            return fail(parser, NL_TEXT_IN("error", "an attribute's name has no dot"));
        test->attribute = nl_strndup(word + skip, len - skip);
    }
    parser->at += len;
    return NL_OK;
}

static bool take_comparison(struct parser *parser, enum nl_segment_test *out) {
    static const struct {
        const char *sign;
        enum nl_segment_test test;
    } signs[] = {{"!=", NL_TEST_UNEQUAL}, {"<=", NL_TEST_LESS_EQUAL}, {">=", NL_TEST_GREATER_EQUAL},
                 {"=", NL_TEST_EQUAL},    {"<", NL_TEST_LESS},        {">", NL_TEST_GREATER},
                 {"~", NL_TEST_HOLDS}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        *out = signs[i].test;
        if (take_sign(parser, signs[i].sign))
            return true;
    }
    return false;
}

static enum nl_status take_test(struct parser *parser, struct nl_segment *test) {
    if (++parser->tests > TESTS_LIMIT)
        return fail(parser, NL_TEXT_IN("error", "too many comparisons"));
    enum nl_status status = take_field(parser, test);
    if (status != NL_OK)
        return status;
    if (take_comparison(parser, &test->test)) {
        if (test->field == NL_FIELD_JOINED && test->test == NL_TEST_HOLDS)
            return fail(parser, NL_TEXT_IN("error", "a time holds no words"));
        return take_value(parser, test);
    }
    if (test->field != NL_FIELD_JOINED && take_word(parser, "has")) {
        test->test = NL_TEST_HAS;
        return take_value(parser, test);
    }
    if (test->field != NL_FIELD_JOINED && take_word(parser, "in")) {
        test->test = NL_TEST_IN;
        return take_values(parser, test);
    }
    if (take_word(parser, "is")) {
        test->test = take_word(parser, "known") ? NL_TEST_KNOWN : NL_TEST_UNKNOWN;
        if (test->test == NL_TEST_KNOWN || take_word(parser, "unknown"))
            return NL_OK;
        return fail(parser, NL_TEXT_IN("error", "expected known or unknown"));
    }
    return fail(parser, NL_TEXT_IN("error", "expected =, !=, <, <=, >, >=, ~, has, in or is"));
}

/* ---- and, or, not ---- */

static enum nl_status take_or(struct parser *parser, struct nl_segment **out);

static struct nl_segment *node(enum nl_segment_kind kind, struct nl_segment *left,
                               struct nl_segment *right) {
    struct nl_segment *segment = nl_calloc(1, sizeof *segment);
    *segment = (struct nl_segment){.kind = kind, .left = left, .right = right};
    return segment;
}

static enum nl_status take_primary(struct parser *parser, struct nl_segment **out) {
    enum nl_status status = NL_OK;
    if (++parser->depth > DEPTH_LIMIT)
        return fail(parser, NL_TEXT_IN("error", "too deep"));
    if (take_word(parser, "not")) {
        struct nl_segment *inner = NULL;
        status = take_primary(parser, &inner);
        if (status == NL_OK)
            *out = node(NL_SEGMENT_NOT, inner, NULL);
        else
            nl_segment_free(inner);
    } else if (take_sign(parser, "(")) {
        status = take_or(parser, out);
        if (status == NL_OK && !take_sign(parser, ")"))
            status = fail(parser, NL_TEXT_IN("error", "expected )"));
    } else {
        *out = node(NL_SEGMENT_TEST, NULL, NULL);
        status = take_test(parser, *out);
    }
    parser->depth--;
    return status;
}

/* Reads one or more operands with `take`, combined by `word`; left-associative. */
static enum nl_status take_row(struct parser *parser, const char *word, enum nl_segment_kind kind,
                               enum nl_status (*take)(struct parser *, struct nl_segment **),
                               struct nl_segment **out) {
    enum nl_status status = take(parser, out);
    while (status == NL_OK && take_word(parser, word)) {
        struct nl_segment *right = NULL;
        status = take(parser, &right);
        if (status == NL_OK)
            *out = node(kind, *out, right);
        else
            nl_segment_free(right);
    }
    return status;
}

static enum nl_status take_and(struct parser *parser, struct nl_segment **out) {
    return take_row(parser, "and", NL_SEGMENT_AND, take_primary, out);
}

static enum nl_status take_or(struct parser *parser, struct nl_segment **out) {
    return take_row(parser, "or", NL_SEGMENT_OR, take_and, out);
}

enum nl_status nl_segment_parse(const char *text, int64_t now, struct nl_segment **out,
                                struct nl_error *err) {
    struct parser parser = {.start = text, .at = text, .now = now, .err = err};
    *out = NULL;
    enum nl_status status =
        nl_text_check_body(text, strlen(text), NL_TEXT_IN("error", "the segment"), err);
    if (status == NL_OK)
        status = take_or(&parser, out);
    skip_space(&parser);
    if (status == NL_OK && *parser.at != '\0')
        status = fail(&parser, NL_TEXT_IN("error", "expected and, or, or the end"));
    if (status != NL_OK) {
        nl_segment_free(*out);
        *out = NULL;
    }
    return status;
}
