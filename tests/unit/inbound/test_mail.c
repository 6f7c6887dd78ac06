/* Fields of headers as mail programs fold and encode them. */
#include "support.h"

#include "inbound/mail.h"

#include <stdlib.h>

/* A line "NAME=VALUE" for each field. */
static void add_fields(const char *header, struct nl_buf *out) {
    struct nl_span at = {header, strlen(header)};
    char *name = NULL;
    char *value = NULL;
    while (nl_mail_next_field(&at, &name, &value)) {
        nl_buf_addf(out, "%s=%s\n", name, value);
        free(name);
        free(value);
    }
}

static void test_fields(void **state) {
    static const struct {
        const char *header, *fields;
    } rows[] = {
        {"", ""},
        {"A: one\r\nB: two\r\n", "A=one\nB=two\n"},
        {"A: one\nB: two", "A=one\nB=two\n"},
        {"A:one \nB:\ttwo\t", "A=one\nB=two\n"},
        {"A :one\n", "A=one\n"},
        {"A:\nB: \n", "A=\nB=\n"},
        /* folded (RFC 5322 section 2.2.3) */
        {"A: one\r\n two\r\n\tthree\r\nB: x\r\n", "A=one two\tthree\nB=x\n"},
        {"A: one\n two\n", "A=one two\n"},
        {"A:\r\n one\r\n", "A=one\n"},
        /* no fields */
        {"From somebody\nA: one\n", "A=one\n"},
        {"A b: one\nC: two\n", "C=two\n"},
        {": one\nC: two\n", "C=two\n"},
        {"one\nC: two\n", "C=two\n"},
        /* encoded (RFC 2047) */
        {"A: =?utf-8?q?J=C3=B6rg?= Lee\n", "A=J\u00f6rg Lee\n"},
        {"A: =?iso-8859-1?b?SvZyZw==?=\n", "A=J\u00f6rg\n"},
        {"A: =?utf-8?q?J=C3=B6?=\r\n =?utf-8?q?rg?=\r\n", "A=J\u00f6rg\n"},
        {"A: J\u00f6rg\n", "A=J\u00f6rg\n"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].header) {
        struct nl_buf found = {0};
        add_fields(rows[i].header, &found);
        assert_string_equal(nl_buf_text(&found), rows[i].fields);
        nl_buf_free(&found);
    }
}

/* The first of a name counts, in any case; a name is no beginning of another. */
static void test_found_by_name(void **state) {
    static const char header[] = "To-Do: zero\nto: one\nTo: two\n";
    const struct nl_span span = {header, sizeof header - 1};
    (void)state;
    char *value = nl_mail_find(span, "TO");
    assert_string_equal(value, "one");
    free(value);
    assert_null(nl_mail_find(span, "T"));
    assert_null(nl_mail_find(span, "To-"));
}

/* Only the beginning of a long field is read, and only so many fields are. */
static void test_bounds(void **state) {
    static const int lengths[] = {NL_MAIL_FIELD - 1, NL_MAIL_FIELD, NL_MAIL_FIELD + 1, 9000};
    struct nl_buf header = {0};
    (void)state;
    for_each_row (i, lengths, NULL) {
        int len = lengths[i] < NL_MAIL_FIELD ? lengths[i] : NL_MAIL_FIELD;
        nl_buf_clear(&header);
        nl_buf_addf(&header, "A: %0*d\nB: x\n", lengths[i], 0);
        char *value = nl_mail_find((struct nl_span){header.data, header.len}, "A");
        assert_int_equal(strlen(value), len);
        free(value);
    }
    for (int more = 0; more < 2; more++) {
        nl_buf_clear(&header);
        for (int i = 1; i < NL_MAIL_FIELDS + more; i++)
            nl_buf_adds(&header, "A: x\n");
        nl_buf_adds(&header, "B: y\n");
        char *value = nl_mail_find((struct nl_span){header.data, header.len}, "B");
        assert_int_equal(value != NULL, more == 0);
        free(value);
    }
    nl_buf_free(&header);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_found_by_name),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
