#include "support.h"

#include "bulletin/mime.h"
#include "bulletin/pack.h"
#include "newsletter/bulletin/message.h"

static const struct nl_recipient ann = {
    .address = "ann@example.org",
    .name = "<Ann>",
    .attributes = "{\"city\": \"Almaty\", \"n\": 7, \"o\": {}}",
    .unsubscribe = "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55",
    .confirmation = NULL,
    .message_id = "1.x@example.org",
    .date = 0,
};

static void check(const char *packed, const char *expected) {
    struct nl_error err = {0};
    struct nl_message *message = NULL;
    struct nl_buf out = {0};
    assert_ok(nl_message_parse(packed, strlen(packed), &message, &err));
    assert_ok(nl_message_fill(message, &ann, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_message_free(message);
    nl_buf_free(&out);
}

static void test_contexts(void **state) {
    (void)state;
    check("N\x1f\n\nx\n", "x\n");
    check("N\x1f\n\n\x01"
          "0\x02 \x01h0\x02\n",
          "<Ann> &lt;Ann&gt;\n");
    check("N\x1f\n\n\x01q0\x02\n", "<Ann>=\r\n\n");
    check("A"
          "city\x1fnowhere\nAnope\x1fnowhere\nAn\x1f\nAo\x1f-\n\n"
          "\x01"
          "0\x02 \x01"
          "1\x02 \x01"
          "2\x02 \x01"
          "3\x02\n",
          "Almaty nowhere 7 -\n");
    check("T\x1f\nI\x1f\nD\x1f\nU\x1f\nE\x1f\n\n\x01"
          "0\x02|\x01"
          "1\x02|\x01"
          "2\x02|\x01"
          "3\x02|\x01"
          "4\x02\n",
          "\"<Ann>\" <ann@example.org>|<1.x@example.org>|Thu, 1 Jan 1970 00:00:00 +0000|"
          "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55|ann@example.org\n");
    check("N\x1f\n\na\x03"
          "Dear \x01"
          "0\x02\x04\n",
          "aRGVhciA8QW5uPg==\r\n\n");
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *html, *quoted;
    } rows[] = {
        {"Ann", "Ann", "Ann", "Ann=\r\n"},
        {"A&B<C>\"D'", "A&B<C>\"D'", "A&amp;B&lt;C&gt;&quot;D&#39;", "A&B<C>\"D'=\r\n"},
        {"&a&", "&a&", "&amp;a&amp;", "&a&=\r\n"},
        {"a\tb\r\nc", "a b  c", "a b  c", "a b  c=\r\n"},
        {"From Ann", "From Ann", "From Ann", "=46rom Ann=\r\n"},
        {".a.", ".a.", ".a.", "=2Ea.=\r\n"},
        {"a=b\xc3\xa4z", "a=b\xc3\xa4z", "a=b\xc3\xa4z", "a=3Db=C3=A4z=\r\n"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901&",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901&",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901&amp;",
         "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n"
         "5678901&=\r\n"},
    };
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_message *message = NULL;
        struct nl_buf out = {0};
        struct nl_buf expected = {0};
        struct nl_recipient person = ann;
        static const char packed[] = "N\x1f\n\n\x01"
                                     "0\x02|\x01h0\x02|\x01q0\x02\n";
        person.name = rows[i].name;
        assert_ok(nl_message_parse(packed, sizeof packed - 1, &message, &err));
        assert_ok(nl_message_fill(message, &person, &out, &err));
        nl_buf_addf(&expected, "%s|%s|%s\n", rows[i].text, rows[i].html, rows[i].quoted);
        assert_string_equal(nl_buf_text(&out), nl_buf_text(&expected));
        nl_message_free(message);
        nl_buf_free(&out);
        nl_buf_free(&expected);
    }
}

static void test_damaged(void **state) {
    (void)state;
    static const char *const damaged[] = {"",
                                          "x",
                                          "N\n\nx\n",
                                          "\n\x01"
                                          "0\x02\n",
                                          "\n\x01x\n",
                                          "N\x1f\n\n\x01"
                                          "1\x02\n",
                                          "N\x1f\n",
                                          "N\x1f"};
    for_each_row (i, damaged, damaged[i]) {
        struct nl_error err = {0};
        struct nl_message *message = NULL;
        assert_fails(nl_message_parse(damaged[i], strlen(damaged[i]), &message, &err), NL_IO,
                     "damaged");
        assert_null(message);
    }
}

static void test_compose_chooses_the_shorter_encoding(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_fields fields = {0};
    struct nl_buf value = {0};
    struct nl_buf text = {0};
    struct nl_buf html = {0};
    struct nl_buf out = {0};
    nl_buf_adds(&value, "Hello");
    nl_fields_add(&fields, "Subject", &value);
    for (int i = 0; i < 40; i++)
        nl_buf_adds(&text, "слово ");
    nl_buf_adds(&html, "<p>Latin</p>\n");
    assert_ok(nl_mime_compose(&fields, &text, &html, NULL, &out, &err));
    assert_non_null(strstr(out.data, "Subject: Hello\r\n"));
    assert_non_null(strstr(out.data, "base64\r\n\r\n\x03"));
    assert_non_null(strstr(out.data, "quoted-printable\r\n\r\n<p>Latin</p>\r\n"));
    nl_fields_free(&fields);
    nl_buf_free(&text);
    nl_buf_free(&html);
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_compose_chooses_the_shorter_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
